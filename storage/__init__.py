"""Databases: opened in one way for conversations, the web chat, the channels and the advice desk."""
