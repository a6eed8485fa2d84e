"""The demo's mailbox: takes every mail by SMTP, sends none on, and shows them on a page.

Runs as a process of its own: ``python -m vivr.demo.mailbox --port 8025 --smtp-port 2525 --folder DIR``, on 127.0.0.1
alone. ``GET /`` lists the mails, ``/mail/{key}`` shows one, ``/mails.json`` gives all to programs.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from vivr.cli.language import DOMAIN
from vivr.demo.mail_folder import MailFolder
from vivr.translate import preferred_locale, translator

_HOST: Final = "127.0.0.1"
_BYTES_MAX: Final = 10_000_000
_PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'"
# A mail is shown as a mail program shows it: its own styles, but no script, no form, and nothing from elsewhere.
_MAIL_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


class Receiver:
    """aiosmtpd's handler: every mail goes into the folder."""

    def __init__(self, folder: MailFolder) -> None:
        self._folder: MailFolder = folder

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail; the answer tells the sender that it is safe."""
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.to_thread(self._folder.keep, content)
        return "250 kept"


def build_app(folder: MailFolder, smtp_port: int) -> Starlette:
    """The pages and the SMTP listener, which lives as long as the application.

    Args:
        folder: where the mails are.
        smtp_port: where mails are taken; 0 takes none.
    """
    templates = Environment(loader=PackageLoader("vivr", "templates/mailbox"), autoescape=select_autoescape())

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        receiver = Receiver(folder)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(receiver, data_size_limit=_BYTES_MAX, enable_SMTPUTF8=True, ident="VIVR mailbox"),
            host=_HOST,
            port=smtp_port,
        )
        async with server:
            yield

    def render(request: Request, name: str, **values: object) -> Response:
        locale = preferred_locale(request.headers.get("accept-language"))
        say = translator(locale, DOMAIN).gettext
        page = templates.get_template(name).render(say=say, locale=locale, **values)
        return HTMLResponse(page, headers={"content-security-policy": _PAGE_POLICY, "cache-control": "no-store"})

    def show_list(request: Request) -> Response:
        return render(request, "list.html", mails=folder.list_mails())

    def show_mail(request: Request) -> Response:
        mail = folder.find(request.path_params["key"])
        if mail is None:
            return PlainTextResponse("404", 404)
        return render(request, "mail.html", mail=mail)

    def show_body(request: Request) -> Response:
        mail = folder.find(request.path_params["key"])
        if mail is None:
            return PlainTextResponse("404", 404)
        return HTMLResponse(mail.page, headers={"content-security-policy": _MAIL_POLICY})

    def give_mails(_: Request) -> Response:
        mails = [asdict(mail) | {"received_at": mail.received_at.isoformat()} for mail in folder.list_mails()]
        return JSONResponse(mails)

    def empty(_: Request) -> Response:
        folder.clear()
        return RedirectResponse("/", 303)

    def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", show_list),
            Route("/mail/{key}", show_mail),
            Route("/mail/{key}/body", show_body),
            Route("/mails.json", give_mails),
            Route("/empty", empty, methods=["POST"]),
            Route("/healthz", health),
        ],
        lifespan=lifespan,
        middleware=[Middleware(_same_origin), Middleware(TrustedHostMiddleware, allowed_hosts=[_HOST, "localhost"])],
    )


def _same_origin(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """No page from elsewhere may empty the mailbox."""

    async def guard(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            sent = dict(scope["headers"])
            if sent.get(b"origin") not in (None, b"http://" + sent.get(b"host", b"")):
                await PlainTextResponse("403", 403)(scope, receive, send)
                return
        await app(scope, receive, send)

    return guard


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m vivr.demo.mailbox", description="Shows the demo's mails.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    app = build_app(MailFolder(arguments.folder), arguments.smtp_port)
    uvicorn.run(app, host=_HOST, port=arguments.port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
