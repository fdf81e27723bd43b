"""Puts the chain's facts into the sentences of its file: lists, names at the start of a sentence, filled templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

from chain.model import MAX_TITLE, Chain


@dataclass(frozen=True)
class Button:
    """What stands on a button, and the plain Dutch that pressing it says."""

    title: str
    payload: str

    def as_dict(self) -> Dict[str, str]:
        """In the shape of Rasa's buttons."""
        return {"title": self.title, "payload": self.payload}


def sentence(chain: Chain, name: str, **values: str) -> str:
    """The sentence `zinnen.<name>` with its {names} filled in. Raises KeyError when the file lacks it."""
    return chain.zinnen[name].format(**values).strip()


def listing(chain: Chain, names: Sequence[str]) -> str:
    """'a, b en c'; '' for nothing."""
    if len(names) < 2:
        return "".join(names)
    return chain.zinnen["komma"].join(names[:-1]) + chain.zinnen["en"] + names[-1]


def link_values(chain: Chain, link: str) -> Dict[str, str]:
    """The values {schakel} and, for the start of a sentence, {Schakel}."""
    return {"schakel": link, "Schakel": chain.schakels[link].titel}


def button(chain: Chain, name: str, **values: str) -> Button:
    """The button `knoppen.<name>`, its title cut to what every channel can show."""
    text = chain.knoppen[name]
    return Button(text.titel.format(**values)[:MAX_TITLE], text.tekst.format(**values))


def buttons(chain: Chain, *names: str, **values: str) -> Tuple[Button, ...]:
    """Several buttons with the same values."""
    return tuple(button(chain, name, **values) for name in names)
