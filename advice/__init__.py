"""The advice form: its steps, what it accepts, and the request that comes out of it. Plain functions without Rasa."""
