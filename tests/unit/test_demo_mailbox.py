"""The demo's mailbox: takes mails by SMTP, shows them, runs nothing of them, and answers to this machine alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from free_ports import free_port
from vivr.demo.mail_folder import KEPT_MAX, MailFolder
from vivr.demo.mailbox import build_app
from vivr.email.mail_server import hand_over
from vivr.settings import MailSecurity, MailServer


def make_mail(subject: str, *, html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "boutique@example.com"
    message["To"] = "anna@example.com"
    message["Subject"] = subject
    message["Message-ID"] = "<msg_1@example.com>"
    message.set_content("Bonjour <Anna>\n")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


@asynccontextmanager
async def open_mailbox(folder: MailFolder) -> AsyncGenerator[tuple[httpx.AsyncClient, MailServer]]:
    port = free_port()
    app = build_app(folder, port)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client,
    ):
        yield client, MailServer("127.0.0.1", port, MailSecurity.NONE, None, None)


@pytest.fixture
def folder(tmp_path: Path) -> MailFolder:
    return MailFolder(tmp_path)


async def test_mail_taken_by_smtp_is_listed_and_shown(folder: MailFolder) -> None:
    async with open_mailbox(folder) as (client, server):
        mail = make_mail("Votre commande <1>", html="<p>Bonjour <script>alert(1)</script></p>")
        assert "Aucun e-mail" in (await client.get("/", headers={"accept-language": "fr"})).text
        sent = await hand_over(server, mail, sender="boutique@example.com", recipient="anna@example.com")
        assert sent.verdict == "sent"
        (shown,) = (await client.get("/mails.json")).json()
        assert (shown["subject"], shown["recipient"]) == ("Votre commande <1>", "anna@example.com")
        assert (shown["text"], shown["message_id"]) == ("Bonjour <Anna>\n", "<msg_1@example.com>")
        listed = await client.get("/", headers={"accept-language": "en"})
        assert "Votre commande &lt;1&gt;" in listed.text
        assert "script-src" not in listed.headers["content-security-policy"]
        page = await client.get(f"/mail/{shown['key']}")
        assert "Bonjour &lt;Anna&gt;" in page.text
        body = await client.get(f"/mail/{shown['key']}/body")
        assert "<script>" in body.text
        # What a mail brings along is shown, and nothing of it runs.
        assert "sandbox allow-popups" in body.headers["content-security-policy"]
        assert "default-src 'none'" in body.headers["content-security-policy"]


async def test_unknown_mails_foreign_hosts_and_foreign_origins_are_refused(folder: MailFolder) -> None:
    key = folder.keep(make_mail("Bonjour").as_bytes())
    async with open_mailbox(folder) as (client, _):
        assert (await client.get("/mail/nothing")).status_code == 404
        assert (await client.get("/mail/nothing/body")).status_code == 404
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/", headers={"host": "evil.example"})).status_code == 400
        assert (await client.post("/empty", headers={"origin": "http://evil.example"})).status_code == 403
        assert [mail.key for mail in folder.list_mails()] == [key]
        assert (await client.post("/empty", headers={"origin": "http://127.0.0.1:8025"})).status_code == 303
        assert folder.list_mails() == []


def test_plain_mail_is_shown_as_escaped_text(folder: MailFolder) -> None:
    mail = folder.find(folder.keep(make_mail("Bonjour").as_bytes()))
    assert mail is not None
    assert mail.page == "<pre>Bonjour &lt;Anna&gt;\n</pre>"


def test_newest_mail_comes_first_and_the_oldest_are_dropped(folder: MailFolder) -> None:
    for number in range(KEPT_MAX + 3):
        folder.keep(make_mail(f"mail {number}").as_bytes())
    mails = folder.list_mails()
    assert len(mails) == KEPT_MAX
    assert (mails[0].subject, mails[-1].subject) == (f"mail {KEPT_MAX + 2}", "mail 3")


async def test_many_mails_at_once_are_all_kept(folder: MailFolder) -> None:
    async with open_mailbox(folder) as (_, server):
        sent = await asyncio.gather(
            *(
                hand_over(server, make_mail(f"mail {number}"), sender="a@example.com", recipient="b@example.com")
                for number in range(20)
            )
        )
    assert {result.verdict for result in sent} == {"sent"}
    assert len(folder.list_mails()) == 20
