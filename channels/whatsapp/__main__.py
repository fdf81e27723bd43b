"""`python -m channels.whatsapp check`: whether the settings work, asked of Meta itself. Sends nothing to anybody."""

from __future__ import annotations

import asyncio
import secrets
import sys
from typing import List, Optional

import aiohttp

from channels.base import SendFailed
from channels.provider import run_check
from channels.whatsapp.client import graph_client
from channels.whatsapp.settings import problems
from shop.settings import Environment

PATH = "/webhooks/whatsapp/webhook"
TIMEOUT = 15.0


async def check(environment: Environment) -> List[str]:
    """What is wrong, one line each; [] when everything works. Prints what works."""
    wrong = problems(environment)
    if wrong:
        return wrong
    client = graph_client(environment)
    try:
        number = await client.number()
        print(f"Meta accepts the token for {number.get('display_phone_number')} ({number.get('verified_name')}).")
    except SendFailed as failed:
        wrong.append(f"{failed} Check SCHAKEL_WHATSAPP_TOKEN, SCHAKEL_WHATSAPP_NUMBER_ID and SCHAKEL_WHATSAPP_VERSION.")
    finally:
        await client.close()
    if not environment.whatsapp_template:
        print("SCHAKEL_WHATSAPP_TEMPLATE is empty: after 24 hours an employee's answer can't be delivered.")
    address = environment.public_address.rstrip("/")
    if not address:
        print("SCHAKEL_PUBLIC_ADDRESS is empty: the webhook was not checked.")
        return wrong
    problem = await _webhook_problem(address + PATH, environment.whatsapp_verify_token)
    if problem:
        wrong.append(f"{address + PATH}: {problem}")
    else:
        print(f"The webhook answers at {address + PATH}.")
    return wrong


async def _webhook_problem(address: str, verify_token: str) -> Optional[str]:
    """Does what Meta does at registration."""
    word = secrets.token_hex(8)
    arguments = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": word}
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.request("GET", address, params=arguments, allow_redirects=False, timeout=timeout) as reply:
            if reply.status == 200 and (await reply.text()) == word:
                return None
            return f"answered {reply.status}. Is the assistant running, and does the proxy lead there?"
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:
        return f"can't be reached ({type(error).__name__})."


def main() -> int:
    """Returns the exit code: 0 when everything works."""
    return run_check("python -m channels.whatsapp", __doc__, check)


if __name__ == "__main__":
    sys.exit(main())
