"""Accounts, sessions and request origins on a real database."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.customers import passwords
from vivr.customers.accounts import AccountRequest, AccountTerms, find_account
from vivr.customers.forget_expired import forget_expired
from vivr.customers.log_in import Arrival, Credentials, Entrance, log_in
from vivr.customers.model import MailKind, Person, PersonKind, Session
from vivr.customers.neighbours import Neighbours
from vivr.customers.register import register
from vivr.customers.request_origins import RequestOrigin, keep_origin
from vivr.customers.sessions import end_session, find_session, open_session
from vivr.customers.staff import add_staff
from vivr.database import Database, Sql, Tx
from vivr.errors import InvalidInput, Unauthenticated, VivrError
from vivr.ids import AccountMailId, RequestId
from vivr.sealing import Seals

TERMS = AccountTerms("Maison", timedelta(days=1095))
REQUEST = AccountRequest("Anna@example.com", "correct horse battery", "Anna Martin", "fr")
CALLER = Caller("guest:ses_1", "guest", RequestId("req_1"))
RIGHT = Credentials(PersonKind.CUSTOMER, "anna@example.com", "correct horse battery")

_PEOPLE = Sql("test_people", "How many accounts there are.", "SELECT count(*) FROM person")
_EXPIRY = Sql("test_expiry", "When the account goes.", "SELECT (expires_at - created_at)::text FROM person")
_SEEN = Sql("test_seen", "When the session was seen.", "SELECT (seen_at - created_at)::text FROM session")
_ACTS = Sql(
    "test_acts",
    "What the audit says, in order.",
    "SELECT string_agg(action || ' ' || outcome, ', ' ORDER BY id) FROM audit_row",
)
_ORIGIN = Sql("test_origin", "An origin as it is kept.", "SELECT sealed FROM request_origin")


class Door:
    """The use cases of one shop's accounts."""

    def __init__(self, database: Database, clock: SetClock, seals: Seals) -> None:
        self.database = database
        self.clock = clock
        self.seals = seals
        self.taken_over: list[tuple[str, str]] = []
        self.others = Neighbours(self.take_over, self.claim, self.post)

    async def take_over(self, _tx: Tx, guest: str, person: Person) -> None:
        """Note whose things would go to whom."""
        self.taken_over.append((guest, person.id))

    async def claim(self, _tx: Tx, _orders: Sequence[str], _waiting: Sequence[str], _person: Person) -> None:
        """There are no orders here."""

    async def post(self, _tx: Tx, _mail_id: AccountMailId, _kind: MailKind, _locale: str) -> None:
        """Nobody sends mails here."""

    async def register(self, request: AccountRequest = REQUEST, session: Session | None = None) -> Entrance:
        """Make an account."""
        return await register(
            self.database,
            self.clock,
            self.seals,
            CALLER,
            TERMS,
            request,
            Arrival(session, "Firefox, Linux"),
            self.others,
        )

    async def log_in(
        self, credentials: Credentials = RIGHT, session: Session | None = None, seals: Seals | None = None
    ) -> Entrance:
        """Log in."""
        return await log_in(
            self.database,
            self.clock,
            seals or self.seals,
            CALLER,
            credentials,
            retention=TERMS.retention,
            arrival=Arrival(session, "Firefox, Linux"),
            take_over=self.take_over,
        )

    async def session(self, token: str) -> Session | None:
        """The living session behind a token."""
        async with self.database.transaction() as tx:
            return await find_session(tx, self.clock.now(), token)

    async def text(self, question: Sql) -> str | None:
        """The text that a question gives."""
        async with self.database.transaction() as tx:
            return await tx.value(question, str)


@pytest.fixture
def door(database: Database, clock: SetClock, seals: Seals) -> Door:
    return Door(database, clock, seals)


async def test_an_account_opens_to_what_was_typed(door: Door) -> None:
    made = (await door.register()).person
    assert (made.kind, made.role, made.email, made.name, made.locale) == (
        PersonKind.CUSTOMER,
        None,
        "anna@example.com",
        "Anna Martin",
        "fr",
    )
    async with door.database.transaction() as tx:
        assert await find_account(tx, door.seals, made.id) == made
    assert (await door.log_in()).person == made
    assert await door.text(_ACTS) == "customer.registered done, customer.logged_in done"


async def test_simultaneous_registrations_all_wait_for_a_proof(door: Door) -> None:
    made = await asyncio.gather(*(door.register() for _ in range(4)))
    assert not any(entrance.person.is_confirmed for entrance in made)
    async with door.database.transaction() as tx:
        assert await tx.value(_PEOPLE, int) == 4


async def test_of_simultaneous_additions_of_one_member_of_staff_one_succeeds(door: Door, clock: SetClock) -> None:
    results = await asyncio.gather(
        *(add_staff(door.database, clock, door.seals, CALLER, TERMS, REQUEST, role="owner") for _ in range(3)),
        return_exceptions=True,
    )
    assert [result.code for result in results if isinstance(result, VivrError)] == ["address_owned"] * 2
    async with door.database.transaction() as tx:
        assert await tx.value(_PEOPLE, int) == 1


async def test_entering_ends_the_session_before_and_takes_a_guests_things_over(door: Door, clock: SetClock) -> None:
    async with door.database.transaction() as tx:
        guest = await open_session(tx, clock.now())
    entered = await door.register(session=guest.session)
    assert door.taken_over == [(guest.session.principal, entered.person.id)]
    assert await door.session(guest.token) is None
    again = await door.log_in(session=entered.opened.session)
    assert len(door.taken_over) == 1
    assert await door.session(entered.opened.token) is None
    assert await door.session(again.opened.token) == again.opened.session


@pytest.mark.parametrize(
    "wrong",
    [
        Credentials(PersonKind.CUSTOMER, "anna@example.com", "correct horse batterz"),
        Credentials(PersonKind.CUSTOMER, "anna@example.com", ""),
        Credentials(PersonKind.CUSTOMER, "anna@example.com", "x" * 60_000),
        Credentials(PersonKind.CUSTOMER, "nobody@example.com", "correct horse battery"),
        Credentials(PersonKind.CUSTOMER, "", ""),
        Credentials(PersonKind.STAFF, "anna@example.com", "correct horse battery"),
    ],
)
async def test_wrong_credentials_are_refused_alike(door: Door, wrong: Credentials) -> None:
    await door.register()
    with pytest.raises(Unauthenticated, match="wrong_credentials"):
        await door.log_in(wrong)


async def test_an_unknown_account_costs_one_hash_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str | None] = []

    async def verify(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
        verified.append(stored_hash)
        return await passwords.verify_password(password, stored_hash)

    monkeypatch.setattr("vivr.customers.log_in.verify_password", verify)
    with pytest.raises(Unauthenticated):
        await door.log_in(Credentials(PersonKind.CUSTOMER, "nobody@example.com", "correct horse battery"))
    assert verified == [None]


async def test_a_refused_log_in_is_in_the_audit_of_the_account(door: Door) -> None:
    await door.register()
    with pytest.raises(Unauthenticated):
        await door.log_in(Credentials(PersonKind.CUSTOMER, "anna@example.com", "wrong horse"))
    assert await door.text(_ACTS) == "customer.registered done, customer.logged_in refused"


async def test_a_session_lives_30_days_and_a_staff_members_12_hours(door: Door, clock: SetClock) -> None:
    customer = await door.register()
    await add_staff(door.database, clock, door.seals, CALLER, TERMS, REQUEST, role="owner")
    staff = await door.log_in(Credentials(PersonKind.STAFF, "anna@example.com", "correct horse battery"))
    assert (staff.opened.session.role, staff.opened.session.principal) == ("owner", f"staff:{staff.person.id}")
    for _ in range(6):
        clock.advance(hours=1, minutes=59)
        assert await door.session(staff.opened.token) == staff.opened.session
    clock.advance(minutes=6)
    assert await door.session(staff.opened.token) is None
    for _ in range(2):
        clock.advance(days=13)
        assert await door.session(customer.opened.token) == customer.opened.session
    clock.advance(days=3, hours=12)
    assert await door.session(customer.opened.token) is None
    # Both sessions, the account that nobody confirmed, and the mail that asked for it.
    assert await forget_expired(door.database, clock) == 4
    assert await forget_expired(door.database, clock) == 0


async def test_a_session_that_nobody_uses_ends_early(door: Door, clock: SetClock) -> None:
    customer = await door.register()
    await add_staff(door.database, clock, door.seals, CALLER, TERMS, REQUEST, role="owner")
    staff = await door.log_in(Credentials(PersonKind.STAFF, "anna@example.com", "correct horse battery"))
    clock.advance(hours=2)
    assert await door.session(staff.opened.token) is None
    clock.advance(days=13, hours=21, minutes=59)
    assert await door.session(customer.opened.token) == customer.opened.session
    clock.advance(days=14)
    assert await door.session(customer.opened.token) is None


async def test_a_session_is_written_once_an_hour_at_most(door: Door, clock: SetClock) -> None:
    opened = (await door.register()).opened
    clock.advance(minutes=59)
    await door.session(opened.token)
    assert await door.text(_SEEN) == "00:00:00"
    clock.advance(minutes=1)
    await door.session(opened.token)
    assert await door.text(_SEEN) == "01:00:00"


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "x" * 43, "\0" * 43, "x" * 10_000])
async def test_any_text_is_a_safe_token(door: Door, token: str) -> None:
    assert await door.session(token) is None


async def test_an_ended_session_opens_nothing(door: Door) -> None:
    opened = (await door.register()).opened
    async with door.database.transaction() as tx:
        await end_session(tx, opened.session.id)
    assert await door.session(opened.token) is None


async def test_an_account_in_use_is_kept_longer(door: Door, clock: SetClock) -> None:
    await add_staff(door.database, clock, door.seals, CALLER, TERMS, REQUEST, role="owner")
    assert await door.text(_EXPIRY) == "1095 days"
    clock.advance(days=10)
    await door.log_in(Credentials(PersonKind.STAFF, "anna@example.com", "correct horse battery"))
    assert await door.text(_EXPIRY) == "1105 days"


async def test_an_account_that_waits_for_a_proof_is_kept_for_30_days_after_its_last_log_in(
    door: Door, clock: SetClock
) -> None:
    await door.register()
    assert await door.text(_EXPIRY) == "30 days"
    clock.advance(days=10)
    await door.log_in()
    assert await door.text(_EXPIRY) == "40 days"


async def test_an_account_is_found_after_its_key_was_rotated(door: Door) -> None:
    made = (await door.register()).person
    rotated = Seals([bytes(32), bytes(range(32))])
    assert (await door.log_in(seals=rotated)).person == made
    door.seals = rotated
    await add_staff(door.database, door.clock, Seals([bytes(range(32))]), CALLER, TERMS, REQUEST, role="owner")
    with pytest.raises(VivrError, match="address_owned"):
        await add_staff(door.database, door.clock, rotated, CALLER, TERMS, REQUEST, role="owner")


async def test_staff_have_a_known_role(door: Door, clock: SetClock) -> None:
    with pytest.raises(InvalidInput) as refused:
        await add_staff(door.database, clock, door.seals, CALLER, TERMS, REQUEST, role="king")
    assert refused.value.fields == {"role": "role_unknown"}
    async with door.database.transaction() as tx:
        assert await tx.value(_PEOPLE, int) == 0


async def test_where_a_request_came_from_is_sealed_and_bounded(door: Door, clock: SetClock) -> None:
    origin = RequestOrigin("203.0.113.9", "Browser/1.0 " + "x" * 1000)
    async with door.database.transaction() as tx:
        kept = await keep_origin(tx, door.seals, clock.now(), origin)
        sealed = await tx.value(_ORIGIN, bytes)
    assert sealed is not None
    opened = door.seals.open(sealed, table="request_origin", column="sealed", row=kept.id)
    assert b'"address":"203.0.113.9"' in opened
    assert len(opened) < 600
    assert kept.digest == door.seals.digest("request_origin", opened.decode())
    clock.advance(days=364)
    assert await forget_expired(door.database, clock) == 0
    clock.advance(days=1)
    assert await forget_expired(door.database, clock) == 1
