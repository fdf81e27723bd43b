"""What a customer types to prove that a request is theirs: its reference with its address or number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from advice import checks
from advice.draft import EMAIL, PHONE
from nlu.advice import REFERENCE


@dataclass(frozen=True)
class Proof:
    """What was found in a message; `private` holds what must leave the conversation again."""

    reference: Optional[str] = None
    email: Optional[str] = None
    phone: Optional[str] = None
    private: Tuple[str, ...] = ()

    @property
    def has_contact(self) -> bool:
        """Whether an address or a number was given."""
        return bool(self.email or self.phone)


def find_proof(text: str) -> Proof:
    """Reference, e-mail address and telephone number in a message."""
    match = REFERENCE.search(text)
    reference = f"A-{match.group(1)}-{match.group(2)}" if match else None
    rest = REFERENCE.sub(" ", text)
    try:
        contact = checks.contact(rest)
    except checks.Unusable:
        has_some = "@" in rest or sum(c.isdigit() for c in rest) > 5
        return Proof(reference, private=checks.private_forms(rest) if has_some else ())
    private = (contact["waarde"], *checks.private_forms(rest)[1:])
    email = contact["waarde"] if contact["soort"] == EMAIL else None
    phone = contact["waarde"] if contact["soort"] == PHONE else None
    return Proof(reference, email, phone, tuple(dict.fromkeys(private)))
