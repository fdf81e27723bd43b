"""Makes the web application: sessions, protection against forged requests, headers, errors, and what templates use."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
from typing import Any, Callable, Dict, Optional, Tuple

from flask import Flask, Response, g, render_template, request
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from channels.sessions import load_secret
from desk import takeover
from desk.accounts import list_accounts
from desk.database import Database, DeskUnavailable
from desk.opening import ZONE, in_words
from desk.staff import case_pages, login, talk_pages
from desk.staff.wording import texts, word
from desk.worker import utc_now
from shop.settings import Environment, Shop

logger = logging.getLogger(__name__)

IDLE = dt.timedelta(hours=8)
MAX_BODY = 256 * 1024
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


class _Sessions(SecureCookieSessionInterface):
    """The cookie goes over TLS only, except on this machine itself, where there is none."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie is marked Secure."""
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        return host not in _LOOPBACK


def create_app(
    database: Database,
    environment: Environment,
    shop: Callable[[], Shop],
    clock: Callable[[], dt.datetime] = utc_now,
) -> Flask:
    """The application, for any WSGI server.

    Args:
        database: the desk's, open.
        environment: this machine's settings.
        shop: gives the shop's settings as they are now.
        clock: aware moments.

    Raises:
        SettingsError: SCHAKEL_SECRET is too short.
    """
    app = Flask(__name__)
    secret = load_secret(environment.secret).encode()
    app.config.update(
        # A key of its own: what signs the customers' sessions must not open the owners' page.
        SECRET_KEY=hmac.new(secret, b"staff page", hashlib.sha256).hexdigest(),
        SESSION_COOKIE_NAME="desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=IDLE,
        MAX_CONTENT_LENGTH=MAX_BODY,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the login; a page may stay open while an answer is thought over
        WTF_CSRF_SSL_STRICT=False,  # the token decides; behind a proxy this process sees no TLS
    )
    app.session_interface = _Sessions()
    app.extensions["desk"] = Desk(database, environment, shop, clock)
    CSRFProtect(app)
    logins = LoginManager(app)
    logins.login_view = "login.log_in"
    logins.login_message = None
    logins.user_loader(login.load_user)
    for pages in (login.pages, case_pages.pages, talk_pages.pages):
        app.register_blueprint(pages)
    app.after_request(_add_headers)
    app.context_processor(_for_templates)
    app.add_template_filter(_moment, "moment")
    app.add_template_filter(_ago, "geleden")
    app.add_template_filter(_day, "dag")
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(CSRFError, _on_forged)
    app.register_error_handler(DeskUnavailable, _on_unavailable)
    app.register_error_handler(Exception, _on_bug)
    return app


class Desk:
    """What every page needs."""

    def __init__(
        self,
        database: Database,
        environment: Environment,
        shop: Callable[[], Shop],
        clock: Callable[[], dt.datetime],
    ) -> None:
        """Keeps them."""
        self.database, self.environment, self.shop, self.clock = database, environment, shop, clock


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    if request.endpoint == "static":
        response.headers["Cache-Control"] = "no-cache"
    return response


def _for_templates() -> Dict[str, Any]:
    found: Dict[str, Any] = {"word": word, "texts": texts, "waiting_talks": 0}
    if current_user.is_authenticated and "desk_is_down" not in g:
        desk = login.desk()
        found["shop_name"] = desk.shop().naam
        found["accounts"] = {account.username: account for account in list_accounts(desk.database)}
        found["waiting_talks"] = talk_pages.waiting(desk)["count"]
    return found


def _moment(moment: Optional[dt.datetime]) -> str:
    return in_words(moment, login.desk().clock()) if moment else "-"


def _day(moment: dt.datetime) -> str:
    return f"{moment.astimezone(ZONE):%d-%m-%Y}"


def _ago(moment: dt.datetime) -> str:
    minutes = max(0, int((login.desk().clock() - moment).total_seconds() // 60))
    if minutes < 120:
        return word("minuten_geleden", aantal=str(minutes)) if minutes else word("zojuist")
    return f"{moment.astimezone(ZONE):%d-%m %H:%M}"


def _error(status: int, name: str) -> Tuple[str, int]:
    # What was typed must not be lost with it.
    typed = request.form.get("text", "") if request.method == "POST" and status in (400, 503) else ""
    return render_template("fout.html", name=name, typed=typed[: takeover.MAX_TEXT * 10]), status


def _on_http_error(error: HTTPException) -> Tuple[str, int]:
    status = error.code or 500
    name = {400: "verzoek", 403: "verboden", 404: "niet_gevonden", 405: "niet_gevonden", 413: "te_groot"}
    return _error(status, name.get(status, "kapot"))


def _on_forged(error: CSRFError) -> Tuple[str, int]:
    return _error(400, "verlopen")


def _on_unavailable(error: DeskUnavailable) -> Tuple[str, int]:
    logger.warning("%s", error)
    g.desk_is_down = True
    return _error(503, "onbereikbaar")


def _on_bug(error: Exception) -> Tuple[str, int]:
    logger.exception("A page failed.")
    g.desk_is_down = True
    return _error(500, "kapot")
