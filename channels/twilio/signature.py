"""Whether a webhook call comes from Twilio: X-Twilio-Signature over the public address and the sorted fields."""

from __future__ import annotations

import hmac
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from twilio.request_validator import RequestValidator

MAX_FIELDS = 200


class Fields:
    """A posted form as Twilio's validator reads it: every value of every name."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Args: fields: values by name, blank ones included."""
        self._fields = fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def getall(self, name: str) -> List[str]:
        """All values of a name."""
        return list(self._fields[name])


def is_signed(address: str, fields: Mapping[str, Sequence[str]], header: Optional[str], auth_token: str) -> bool:
    """Checks the X-Twilio-Signature header in constant time.

    Args:
        address: the address as Twilio called it: https, the public host, path and query. Behind a proxy the request
            itself does not know it, so it is made from a setting.
        fields: the posted form, values by name, blank ones included.
        header: the header's value, None when there is none.
        auth_token: the account's token; an empty one signs nothing.
    """
    if not header or not auth_token or not header.isascii():
        return False
    return hmac.compare_digest(sign(address, fields, auth_token), header)


def sign(address: str, fields: Mapping[str, Sequence[str]], auth_token: str) -> str:
    """The header that Twilio sends with this form."""
    signature: str = RequestValidator(auth_token).compute_signature(address, Fields(fields))
    return signature


def by_name(pairs: Sequence[Tuple[str, str]]) -> Dict[str, List[str]]:
    """A form's pairs as values by name, in the order they came."""
    found: Dict[str, List[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
