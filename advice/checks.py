"""What the form accepts as an answer, and the name of the reply to what it does not accept."""

from __future__ import annotations

import re
from typing import Dict, Optional, Sequence, Tuple

from advice.draft import EMAIL, HERE, PHONE
from desk.contact import normal_email, normal_phone

MAX_QUESTION = 2_000
MAX_NAME = 60
MAX_ORDER = 30
_EDGES = " \t.,;:!?\"'()[]<>"
_TOKEN = re.compile(r"\S+")
_NUMBER = re.compile(r"\+?\(?\d[\d\s./()+-]{6,}\d")
_ORDER = re.compile(r"#?(?=[A-Za-z/-]*\d)[A-Za-z0-9][A-Za-z0-9/-]*")
_AT = re.compile(r"\s*\bape(?:n)?staart(?:je)?\b\s*", re.IGNORECASE)
_DOT = re.compile(r"\s+(?:punt|dot)\s+", re.IGNORECASE)
_COMMA = re.compile(r"(@[\w-]+(?:\.[\w-]+)*),(?=\w)")  # a slip on a phone's keyboard
_MOST_NEW_WORDS = 4
_NOT_IN_A_NAME = re.compile(r"[@<>{}\[\]\\/|=_*#%^~0-9]|https?:|www\.", re.IGNORECASE)


class Unusable(Exception):
    """An answer that can't be taken; `reply` is the name of the response that says why."""

    def __init__(self, reply: str) -> None:
        """Takes the name of the reply."""
        super().__init__(reply)
        self.reply = reply


def question(text: str) -> str:
    """The question as it was typed. Raises `Unusable` when it is longer than 2,000 characters or holds no word."""
    if len(text) > MAX_QUESTION:
        raise Unusable("utter_advies_fout_vraag_lang")
    if sum(c.isalpha() for c in text) < 2:
        raise Unusable("utter_advies_fout_vraag")
    return text


def name(text: str, beginnings: Sequence[str]) -> str:
    """A name, without "ik heet ...". Raises `Unusable`."""
    found = " ".join(text.split())
    for beginning in sorted(beginnings, key=len, reverse=True):
        if found.lower().startswith(beginning + " "):
            found = found[len(beginning) :].strip()
            break
    found = found.strip(_EDGES)
    if not any(c.isalpha() for c in found) or _NOT_IN_A_NAME.search(found) or len(found) > MAX_NAME:
        raise Unusable("utter_advies_fout_naam")
    return found


def new_name(text: str, before: Sequence[str]) -> Optional[str]:
    """The name in "nee, mijn naam is Peter"; None when there is none, so that it has to be asked."""
    words = " ".join(text.split())
    for mark in sorted(before, key=len, reverse=True):
        found = re.search(rf"(?<!\w){re.escape(mark)} (.+)", words, re.IGNORECASE)
        if found and len(found.group(1).split()) <= _MOST_NEW_WORDS:
            try:
                return name(found.group(1), ())
            except Unusable:
                return None
    return None


def contact(text: str, says_here: bool = False) -> Dict[str, str]:
    """An e-mail address, a Dutch or Belgian number, or "antwoord hier" as {"soort", "waarde"}. Raises `Unusable`."""
    if says_here:
        return {"soort": HERE, "waarde": ""}
    text = _COMMA.sub(r"\1.", _spelled_out(text))
    addresses = [token.strip(_EDGES) for token in _TOKEN.findall(text) if "@" in token]
    if len(addresses) > 1:
        raise Unusable("utter_advies_fout_contact_twee")
    if addresses:
        address = normal_email(addresses[0])
        if address is None:
            raise Unusable("utter_advies_fout_email")
        return {"soort": EMAIL, "waarde": address}
    numbers = _NUMBER.findall(text)
    if len(numbers) > 1:
        raise Unusable("utter_advies_fout_contact_twee")
    if numbers:
        number = normal_phone(numbers[0])
        if number is None or _is_paid(number):
            raise Unusable("utter_advies_fout_telefoon")
        return {"soort": PHONE, "waarde": number}
    raise Unusable("utter_advies_fout_telefoon" if any(c.isdigit() for c in text) else "utter_advies_fout_contact")


def _spelled_out(text: str) -> str:
    """ "jan apenstaartje voorbeeld punt nl" as it is meant."""
    if "@" in text or not _AT.search(text):
        return text
    return _DOT.sub(".", _AT.sub("@", text))


def contacts_in(text: str) -> Tuple[str, ...]:
    """The e-mail addresses and telephone numbers in any text, as they were typed."""
    return tuple(
        found for found in private_forms(text)[1:] if normal_email(found) is not None or normal_phone(found) is not None
    )


def _is_paid(number: str) -> bool:
    """Whether calling it costs extra, as 0900 numbers do."""
    import phonenumbers

    kind = phonenumbers.number_type(phonenumbers.parse(number))
    return kind in (phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST)


def order_number(text: str) -> str:
    """The one order number in the text. Raises `Unusable`."""
    found = [token.lstrip("#") for token in _ORDER.findall(text)]
    if len(found) != 1 or len(found[0]) > MAX_ORDER:
        raise Unusable("utter_advies_fout_bestelnummer")
    number: str = found[0]
    return number


def private_forms(text: str) -> Tuple[str, ...]:
    """A private text and the addresses and numbers inside it, as they may come back in other messages."""
    addresses = [token.strip(_EDGES) for token in _TOKEN.findall(text) if "@" in token]
    return (text.strip(), *addresses, *(number.strip() for number in _NUMBER.findall(text)))
