"""The levels of safety: what they are called and which comes first. Free of everything else."""

from __future__ import annotations

PREFIX = "safety_"  # of their intents
# Which wins: the first of these that a message holds (see also `nlu.triage`).
ORDER = ("suicide", "emergency", "violence", "reaction", "medication", "pregnancy", "child", "condition")
# Number of the level in the shop's rules; 1 to 4 are urgent, the last three share the sixth.
LEVEL = {"suicide": 1, "emergency": 2, "violence": 3, "reaction": 4, "medication": 5}
URGENT = frozenset(ORDER[:4])


def level_of(name: str) -> int:
    """The number of a level's name."""
    return LEVEL.get(name, 6)
