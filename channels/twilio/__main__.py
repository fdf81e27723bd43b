"""`python -m channels.twilio check`: whether the settings work, asked of Twilio itself. Sends nothing to anybody."""

from __future__ import annotations

import sys
from typing import List

from channels.base import SendFailed
from channels.provider import run_check
from channels.twilio.client import twilio_client
from channels.twilio.settings import PREFIX, STATUS, WEBHOOK, problems
from shop.settings import Environment


async def check(environment: Environment) -> List[str]:
    """What is wrong, one line each; [] when everything works. Prints what works."""
    wrong = problems(environment)
    if wrong:
        return wrong
    client = twilio_client(environment)
    try:
        account = await client.account()
        print(f"Twilio accepts the token; the account is {account.get('status')}.")
    except SendFailed as failed:
        wrong.append(f"{failed} Check SCHAKEL_TWILIO_ACCOUNT and SCHAKEL_TWILIO_TOKEN.")
    finally:
        await client.close()
    if not environment.twilio_template:
        print("SCHAKEL_TWILIO_TEMPLATE is empty: after 24 hours an employee's answer can't be delivered by WhatsApp.")
    outside = environment.public_address.rstrip("/") + PREFIX
    print(f"Enter in Twilio's console, both as HTTP POST: {outside + WEBHOOK} for messages,")
    print(f"{outside + STATUS} for their status.")
    return wrong


def main() -> int:
    """Returns the exit code: 0 when everything works."""
    return run_check("python -m channels.twilio", __doc__, check)


if __name__ == "__main__":
    sys.exit(main())
