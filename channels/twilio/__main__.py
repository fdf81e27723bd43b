"""`python -m channels.twilio check`: whether the settings work, asked of Twilio itself. Sends nothing to anybody."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import List

from channels.base import SendFailed
from channels.twilio.channel import PREFIX, STATUS, WEBHOOK, twilio_client
from channels.twilio.settings import problems
from shop.settings import Environment, SettingsError, load_environment


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
    parser = argparse.ArgumentParser(prog="python -m channels.twilio", description=__doc__)
    parser.add_argument("command", choices=["check"])
    parser.parse_args()
    try:
        wrong = asyncio.run(check(load_environment()))
    except SettingsError as error:
        wrong = [str(error)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
