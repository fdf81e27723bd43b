"""What a message that leaves something out asks in full: the question before it with another subject, or itself with
the subject of the conversation written in. Pure; whether the result is a question of ours is for the ranker to say.
"""

from __future__ import annotations

from typing import FrozenSet, Optional, Sequence, Tuple

from nlu.lexicon import Found

Words = Tuple[str, ...]
MOST_WORDS = 30  # of a question that later messages may go back to


def with_subject_replaced(
    asked: Sequence[str], subjects: Sequence[Found], new: str, states: FrozenSet[str], current: Optional[str]
) -> Optional[Words]:
    """ "Helpt magnesium als je slecht slaapt" with "melatonine": "helpt melatonine als je slecht slaapt".

    Args:
        asked: words of the question before.
        subjects: the onderwerpen found in them.
        new: the onderwerp that is named now.
        states: onderwerpen that are a person's state; a state takes the place of a state, a substance of a substance.
        current: the onderwerp of the conversation, replaced rather than another of the same kind.

    Returns:
        The words; None when nothing in the question can give its place, or when it is about `new` already.
    """
    if any(item.name == new for item in subjects):
        return None
    alike = [item for item in subjects if (item.name in states) == (new in states) and item.name != "winkel"]
    if not alike:
        return None
    names = {item.name for item in alike}
    name = current if current in names else alike[-1].name
    result = list(asked)
    for item in sorted((item for item in alike if item.name == name), key=lambda item: -item.start):
        result[item.start : item.end] = [written(new)]
    return tuple(result)


def written(onderwerp: str) -> str:
    """An onderwerp's name as normalised messages have it: "5htp"."""
    return "".join(letter for letter in onderwerp.lower() if letter.isalnum())


def joined(asked: Sequence[str], words: Sequence[str]) -> Words:
    """A question that found no answer and what the customer added to it: "hoeveel mag je" and "van melatonine"."""
    return (*asked, *words)
