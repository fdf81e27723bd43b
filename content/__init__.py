"""The catalogue of questions and the fixed texts, free of Rasa."""
