"""`python -m channels.telegram set-webhook|info|delete-webhook|poll|retry`: what is done outside the assistant."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from typing import Any, List

import aiohttp

from channels.base import SendFailed
from channels.inbox import Inbox
from channels.outgoing import OutgoingQueue
from channels.store import DEAD, WAITING, open_store
from channels.telegram.account import PATH, POLL, SECRET_HEADER, WEBHOOK, Account, load_account
from channels.telegram.client import ALLOWED_UPDATES, BotApi
from channels.telegram.polling import Poller, call_directly
from channels.telegram.updates import NAME
from shop.settings import Environment, SettingsError, load_environment

_PUBLIC = re.compile(r"https://[^/:]+(:(443|80|88|8443))?/?")
_LOCAL_TIMEOUT = 20.0


def main() -> int:
    """Parses the command and runs it; every expected failure ends as one clear message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m channels.telegram", description="Sets up the Telegram channel.")
    commands = {
        "set-webhook": "let Telegram call the assistant at SCHAKEL_PUBLIC_ADDRESS",
        "info": "show the bot, and how its messages travel",
        "delete-webhook": "let the assistant fetch messages itself again",
        "poll": "fetch messages here and hand them to the assistant on this machine",
        "retry": "deliver once more what could not be delivered",
    }
    parser.add_argument("command", choices=commands, help="; ".join(f"{key}: {text}" for key, text in commands.items()))
    arguments = parser.parse_args()
    try:
        environment = load_environment()
        account = load_account(environment)
        if account is None:
            raise SettingsError("SCHAKEL_TELEGRAM_TOKEN is empty. docs/telegram.md says where to get one.")
        asyncio.run(run(arguments.command, environment, account))
    except (SettingsError, SendFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def run(command: str, environment: Environment, account: Account) -> None:
    """Runs one command.

    Raises:
        SettingsError: a setting that it needs is missing or wrong.
        SendFailed: Telegram refused.
    """
    api = BotApi(account.token, environment.telegram_api)
    try:
        if command == "set-webhook":
            await set_webhook(api, environment, account)
        elif command == "delete-webhook":
            await api.call("deleteWebhook", {"drop_pending_updates": False})
            print("Telegram calls nobody now. With SCHAKEL_TELEGRAM_UPDATES=poll the assistant fetches messages.")
        elif command == "info":
            await show(api, environment)
        elif command == "retry":
            store = open_store(environment.channels_database)
            print(f"{OutgoingQueue(store, NAME).retry_dead()} messages are in the queue again.")
        else:
            await poll(api, environment, account)
    finally:
        await api.close()


async def set_webhook(api: BotApi, environment: Environment, account: Account) -> None:
    """Tells Telegram where to call, with which secret and for what."""
    public = environment.public_address
    if not _PUBLIC.fullmatch(public):
        raise SettingsError(
            "SCHAKEL_PUBLIC_ADDRESS should be an https address on port 443, 80, 88 or 8443: Telegram calls no other. "
            "Without one, keep SCHAKEL_TELEGRAM_UPDATES=poll: then no webhook is needed."
        )
    await api.call(
        "setWebhook",
        {
            "url": public.rstrip("/") + PATH,
            "secret_token": account.secret,
            "allowed_updates": list(ALLOWED_UPDATES),
            "max_connections": 40,
        },
    )
    print(f"Telegram calls {public.rstrip('/')}{PATH}.")
    if environment.telegram_updates != WEBHOOK:
        print("Set SCHAKEL_TELEGRAM_UPDATES=webhook too, and restart the assistant.")


async def show(api: BotApi, environment: Environment) -> None:
    """Prints who the bot is and how its messages travel; never its token."""
    bot = await api.call("getMe", {})
    hook = await api.call("getWebhookInfo", {})
    print(f"Bot: @{bot.get('username')} ({bot.get('first_name')})")
    print(f"Webhook: {hook.get('url') or 'none'}; waiting at Telegram: {hook.get('pending_update_count', 0)}")
    if hook.get("last_error_message"):
        print(f"Telegram's last error: {hook['last_error_message']}")
    print(f"SCHAKEL_TELEGRAM_UPDATES={environment.telegram_updates}")
    store = open_store(environment.channels_database)
    counts = OutgoingQueue(store, NAME).counts()
    print(
        f"Here: {Inbox(store, NAME).waiting()} wait for an answer, {counts.get(WAITING, 0)} to be delivered, "
        f"{counts.get(DEAD, 0)} could not be delivered."
    )
    if bool(hook.get("url")) != (environment.telegram_updates == WEBHOOK):
        print("These two don't fit: run set-webhook or delete-webhook, or change the setting.")


async def poll(api: BotApi, environment: Environment, account: Account) -> None:
    """Fetches messages and hands them to the assistant's webhook on this machine, until it is stopped."""
    if environment.telegram_updates == POLL:
        raise SettingsError("With SCHAKEL_TELEGRAM_UPDATES=poll the running assistant fetches messages itself.")
    await api.call("getMe", {})  # a wrong token is said now
    address = f"http://{environment.host}:{environment.port}{PATH}"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LOCAL_TIMEOUT)) as session:

        async def hand_on(updates: List[Any]) -> None:
            for update in updates:
                headers = {SECRET_HEADER: account.secret, "Content-Type": "application/json"}
                async with session.post(address, data=json.dumps(update), headers=headers) as reply:
                    if reply.status not in (200, 400):
                        raise RuntimeError(f"the assistant answered {reply.status}")

        print(f"Fetching messages for {address}. Ctrl-C stops it.", flush=True)
        store = open_store(environment.channels_database)
        await Poller(api, account.bot, hand_on, store, call_directly).run()


if __name__ == "__main__":
    sys.exit(main())
