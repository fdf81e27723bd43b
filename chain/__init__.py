"""The nutrient chain as data: what it is, how it is explained, walked through, checked and drawn. Free of Rasa."""
