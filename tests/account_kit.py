"""The accounts of a shop without a browser: people who register, and the mails that they get."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

from pwdlib.hashers.argon2 import Argon2Hasher

from vivr.bootstrap import Shop
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.customers.account_mails import AddressedMail, MailKind, address_mail
from vivr.customers.accounts import AccountRequest, AccountTerms
from vivr.customers.change_password import ask_for_reset, reset_password
from vivr.customers.log_in import Arrival, Credentials, Entrance, log_in
from vivr.customers.model import PersonKind, Session
from vivr.customers.prove_address import prove_address
from vivr.customers.register import register
from vivr.database import Sql, Tx
from vivr.errors import NotFound
from vivr.ids import RequestId

EMAIL: Final = "anna@example.com"
PASSWORD: Final = "corail-lune-42"
OTHER_PASSWORD: Final = "ardoise-vent-17"
VISITOR: Final = Caller("guest:ses_1", "guest", RequestId("req_visit"))

_NEWEST: Final = Sql(
    "test_newest_mail",
    "The mail that was asked for last.",
    "SELECT subject_id FROM email_message WHERE kind = %(kind)s ORDER BY created_at DESC, id DESC LIMIT 1",
)
_ACCOUNTS: Final = Sql(
    "test_accounts",
    "Every account: who, and whether it is proved.",
    "SELECT string_agg(CASE WHEN confirmed_at IS NULL THEN 'waits' ELSE 'owns' END, ' ' ORDER BY id) FROM person",
)


class Accounts:
    """What somebody does with accounts, one call each."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.terms = AccountTerms("Essai", shop.settings.data_retention)

    async def register(self, email: str = EMAIL, password: str = PASSWORD, session: Session | None = None) -> Entrance:
        """Make an account."""
        self._tick()
        shop, request = self.shop, AccountRequest(email, password, "Anna Martin", "fr")
        return await register(
            shop.database, shop.clock, shop.seals, VISITOR, self.terms, request, self.at(session), shop.neighbours()
        )

    async def log_in(self, password: str = PASSWORD, email: str = EMAIL) -> Entrance:
        """Log in."""
        shop = self.shop
        return await log_in(
            shop.database,
            shop.clock,
            shop.seals,
            VISITOR,
            Credentials(PersonKind.CUSTOMER, email, password),
            retention=self.terms.retention,
            arrival=self.at(None),
            take_over=shop.neighbours().take_over,
        )

    async def prove(
        self, token: str, *, session: Session | None = None, password: str = "", kind: MailKind = MailKind.CONFIRM
    ) -> Entrance:
        """Press the button behind a link."""
        shop = self.shop
        return await prove_address(
            shop.database,
            shop.clock,
            shop.seals,
            VISITOR,
            kind,
            token,
            password,
            retention=self.terms.retention,
            arrival=self.at(session),
            neighbours=shop.neighbours(),
        )

    async def owner(self, email: str = EMAIL, password: str = PASSWORD) -> Entrance:
        """An account whose address is proved."""
        made = await self.register(email, password)
        return await self.prove(await self.token(), session=made.opened.session)

    async def ask_for_reset(self, email: str = EMAIL) -> None:
        """Ask for a new password."""
        self._tick()
        shop = self.shop
        await ask_for_reset(shop.database, shop.clock, shop.seals, VISITOR, shop.neighbours(), email=email, locale="fr")

    async def reset(self, token: str, password: str = OTHER_PASSWORD) -> None:
        """Set a new password by a link."""
        shop = self.shop
        await reset_password(
            shop.database,
            shop.clock,
            shop.seals,
            VISITOR,
            self.terms,
            token=token,
            new=password,
            neighbours=shop.neighbours(),
        )

    async def mail(self, kind: MailKind = MailKind.CONFIRM) -> AddressedMail:
        """Write the newest mail of a kind, as the worker does."""
        async with self.shop.database.transaction() as tx:
            mail_id = await tx.value(_NEWEST, str, kind=kind)
            if mail_id is None:
                raise NotFound("no_mail")
            return await address_mail(tx, self.shop.seals, self.shop.clock.now(), mail_id)

    async def token(self, kind: MailKind = MailKind.CONFIRM) -> str:
        """The secret of the newest mail's link."""
        token = (await self.mail(kind)).token
        assert token is not None
        return token

    async def states(self) -> str | None:
        """Every account, in the order of making: ``owns`` or ``waits``."""
        async with self.shop.database.transaction() as tx:
            return await tx.value(_ACCOUNTS, str)

    def _tick(self) -> None:
        """Let what is asked for next be newer, though the test's clock stands."""
        if isinstance(self.shop.clock, SetClock):
            self.shop.clock.advance(milliseconds=2)

    @staticmethod
    def at(session: Session | None) -> Arrival:
        """Somebody at a browser."""
        return Arrival(session, "Firefox, Linux")


@contextmanager
def watched_work() -> Generator[list[str]]:
    """What a request costs, as names in order: every statement, and every hash of a password."""
    done: list[str] = []

    def statement(real: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def run(tx: Tx, sql: Sql, *arguments: object, **values: object) -> object:
            done.append(sql.name)
            return await real(tx, sql, *arguments, **values)

        return run

    def hashing(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            done.append(name)
            return real(*arguments, **named)

        return run

    with ExitStack() as stack:
        for name in ("row", "rows", "value", "run"):
            stack.enter_context(patch.object(Tx, name, statement(getattr(Tx, name))))
        for name in ("hash", "verify"):
            stack.enter_context(patch.object(Argon2Hasher, name, hashing(name, getattr(Argon2Hasher, name))))
        yield done
