"""Understanding Dutch messages."""
