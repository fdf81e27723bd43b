"""`python -m rasa_patches run|train|shell ...`: Rasa's command line, which imports only what it uses."""

from __future__ import annotations

from rasa_patches import install


def main() -> None:
    """Starts Rasa."""
    install()
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
