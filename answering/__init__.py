"""What the assistant answers: chooses, fills and completes responses inside the Rasa process."""
