"""E-mail addresses and telephone numbers, checked and brought into one shape by the usual libraries.

Both are imported with the first address or number: a start that waits for them takes a twelfth longer.
"""

from __future__ import annotations

from typing import Optional

COUNTRIES = ("NL", "BE")  # a number without +.. is tried as one of these, in this order
_LONGEST = 254


def normal_email(text: str) -> Optional[str]:
    """The address in lower case, or None when it is none. Only its form is looked at, no server is asked."""
    if len(text) > _LONGEST + 10:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return None
    address: str = (found.ascii_email or found.normalized).lower()
    return address if len(address) <= _LONGEST else None


def normal_phone(text: str) -> Optional[str]:
    """A Dutch or Belgian number as +31612345678, or None."""
    if len(text) > 40:
        return None
    import phonenumbers

    for country in COUNTRIES:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.region_code_for_number(number) in COUNTRIES and phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
