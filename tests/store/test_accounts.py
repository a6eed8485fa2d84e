"""Accounts on a real database: whom an address belongs to, links of mails, passwords, and what nobody can find out."""

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from account_kit import EMAIL, OTHER_PASSWORD, PASSWORD, VISITOR, Accounts, watched_work
from shop_kit import CONTACT, Kit, open_kit
from vivr.clock import SetClock
from vivr.customers.account_mails import TAKEN, MailKind
from vivr.customers.address_book import addresses_of, save_address
from vivr.customers.change_address import ask_for_address
from vivr.customers.change_password import change_password
from vivr.customers.forget_expired import forget_expired
from vivr.customers.model import Person
from vivr.customers.sessions import devices_of, end_device, find_session
from vivr.errors import InvalidInput, NotFound, Unauthenticated, VivrError

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def kit(database_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    async with open_kit(database_url, NOWHERE, clock=clock) as opened:
        yield opened


@pytest.fixture
def accounts(kit: Kit) -> Accounts:
    return Accounts(kit.shop)


async def is_alive(accounts: Accounts, token: str) -> bool:
    async with accounts.shop.database.transaction() as tx:
        return await find_session(tx, accounts.shop.clock.now(), token) is not None


async def test_an_address_belongs_to_whoever_proves_it_first(accounts: Accounts) -> None:
    first = await accounts.register()
    first_link = await accounts.token()
    second = await accounts.register(password=OTHER_PASSWORD)
    second_link = await accounts.token()
    owner = await accounts.prove(second_link, session=second.opened.session)
    assert (owner.person.id, owner.person.is_confirmed) == (second.person.id, True)
    with pytest.raises(VivrError, match="address_owned"):
        await accounts.prove(first_link, session=first.opened.session)
    assert await accounts.states() == "waits owns"
    # The one who came too late keeps the session, and can't log in any more.
    assert await is_alive(accounts, first.opened.token)
    with pytest.raises(Unauthenticated):
        await accounts.log_in(PASSWORD)
    assert (await accounts.log_in(OTHER_PASSWORD)).person.id == owner.person.id


async def test_of_accounts_that_wait_the_newest_logs_in(accounts: Accounts, clock: SetClock) -> None:
    await accounts.register()
    clock.advance(seconds=1)
    newest = await accounts.register(password=OTHER_PASSWORD)
    assert (await accounts.log_in(OTHER_PASSWORD)).person.id == newest.person.id
    with pytest.raises(Unauthenticated):
        await accounts.log_in(PASSWORD)


async def test_a_link_in_another_browser_asks_for_the_password(accounts: Accounts) -> None:
    await accounts.register()
    link = await accounts.token()
    for password in ("", "another-word-99"):
        with pytest.raises(InvalidInput) as refused:
            await accounts.prove(link, password=password)
        assert refused.value.fields == {"current_password": "password_wrong"}
    assert await accounts.states() == "waits"
    assert (await accounts.prove(link, password=PASSWORD)).person.is_confirmed


async def test_a_link_works_once_and_ends_the_others(accounts: Accounts) -> None:
    made = await accounts.register()
    link = await accounts.token()
    await accounts.ask_for_reset()
    reset_link = await accounts.token(MailKind.RESET)
    entered = await accounts.prove(link, session=made.opened.session)
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.prove(link, session=entered.opened.session)
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.reset(reset_link)
    # The session from before the proof is over, its token may be known.
    assert not await is_alive(accounts, made.opened.token)
    assert await is_alive(accounts, entered.opened.token)


@pytest.mark.parametrize(("kind", "hours"), [(MailKind.CONFIRM, 72), (MailKind.RESET, 1)])
async def test_a_link_expires(accounts: Accounts, clock: SetClock, kind: MailKind, hours: int) -> None:
    await accounts.register()
    await accounts.ask_for_reset()
    link = await accounts.token(kind)
    clock.advance(hours=hours)
    with pytest.raises(NotFound, match="link_expired"):
        await (accounts.reset(link) if kind is MailKind.RESET else accounts.prove(link, password=PASSWORD))
    assert await accounts.states() == "waits"
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.mail(kind)


@pytest.mark.parametrize("text", ["", "x", "é" * 43, "x" * 43, "\0" * 43])
async def test_any_text_is_a_safe_link(accounts: Accounts, text: str) -> None:
    await accounts.register()
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.prove(text, password=PASSWORD)
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.reset(text)


async def test_the_secret_of_a_link_is_in_the_mail_alone(accounts: Accounts, kit: Kit) -> None:
    await accounts.register()
    before = "SELECT count(*) FROM account_mail WHERE token_hash IS NULL"
    assert await kit.count(before) == 1
    token = await accounts.token()
    assert await kit.count(before) == 0
    assert len(token) == 43
    kept = "SELECT count(*) FROM account_mail WHERE position('anna' in encode(email_sealed, 'escape')) > 0"
    assert await kit.count(kept) == 0


async def test_the_owner_is_told_when_somebody_registers_the_address(accounts: Accounts) -> None:
    owner = await accounts.owner()
    await accounts.register(password=OTHER_PASSWORD)
    mail = await accounts.mail()
    assert (mail.kind, mail.email, mail.token) == (TAKEN, EMAIL, None)
    assert (await accounts.log_in()).person.id == owner.person.id


async def test_guest_orders_come_to_the_account_when_the_address_is_proved_and_not_before(
    accounts: Accounts, kit: Kit
) -> None:
    product = await kit.add_product()
    by_guest = await kit.place(product)
    made = await accounts.register()
    assert (await kit.order(by_guest.id)).principal == by_guest.principal
    await accounts.prove(await accounts.token(), session=made.opened.session)
    claimed = await kit.order(by_guest.id)
    assert (claimed.principal, claimed.person_id) == (f"customer:{made.person.id}", made.person.id)


async def test_an_order_of_another_owner_stays_theirs(accounts: Accounts, kit: Kit) -> None:
    product = await kit.add_product()
    bert = await accounts.owner("bert@example.com")
    gift = await kit.place(product)
    async with kit.shop.database.transaction() as tx:
        await kit.shop.neighbours().claim_orders(tx, [gift.id], [], bert.person)
    anna = await accounts.owner()
    assert (await kit.order(gift.id)).person_id == bert.person.id != anna.person.id


async def test_what_was_bought_in_an_account_that_waits_goes_to_the_owner_of_the_address(
    accounts: Accounts, kit: Kit
) -> None:
    waiting = await accounts.register()
    order = await kit.place(await kit.add_product())
    async with kit.shop.database.transaction() as tx:
        await kit.shop.neighbours().claim_orders(tx, [order.id], [], waiting.person)
    owner = await accounts.owner(password=OTHER_PASSWORD)
    assert (await kit.order(order.id)).person_id == owner.person.id


async def test_a_reset_logs_out_everywhere_and_tells_the_person(accounts: Accounts) -> None:
    owner = await accounts.owner()
    await accounts.ask_for_reset()
    link = await accounts.token(MailKind.RESET)
    with pytest.raises(InvalidInput) as refused:
        await accounts.reset(link, "annamartin69")
    assert refused.value.fields == {"password": "password_guessable"}
    await accounts.reset(link)
    assert not await is_alive(accounts, owner.opened.token)
    assert (await accounts.mail(MailKind.PASSWORD_CHANGED)).email == EMAIL
    with pytest.raises(Unauthenticated):
        await accounts.log_in(PASSWORD)
    assert (await accounts.log_in(OTHER_PASSWORD)).person.id == owner.person.id
    with pytest.raises(NotFound, match="link_expired"):
        await accounts.reset(link, "galet-plume-vert")


async def test_a_reset_proves_the_address_and_leaves_nothing_of_whoever_made_the_account(accounts: Accounts) -> None:
    made = await accounts.register()
    shop = accounts.shop
    async with shop.database.transaction() as tx:
        await save_address(tx, shop.seals, shop.clock.now(), made.person.id, CONTACT.address)
    await accounts.ask_for_reset()
    await accounts.reset(await accounts.token(MailKind.RESET))
    assert await accounts.states() == "owns"
    assert not await is_alive(accounts, made.opened.token)
    async with shop.database.transaction() as tx:
        assert await addresses_of(tx, shop.seals, made.person.id) == []


async def test_an_address_without_account_gets_no_mail(accounts: Accounts) -> None:
    await accounts.ask_for_reset("nobody@example.com")
    with pytest.raises(NotFound, match="no_account"):
        await accounts.mail(MailKind.RESET)


async def test_a_password_is_changed_by_whoever_knows_it(accounts: Accounts) -> None:
    owner = await accounts.owner()
    elsewhere = await accounts.log_in()
    shop = accounts.shop

    async def change(current: str, new: str = OTHER_PASSWORD) -> str:
        entered = await change_password(
            shop.database,
            shop.clock,
            shop.seals,
            VISITOR,
            accounts.terms,
            owner.person,
            current=current,
            new=new,
            arrival=accounts.at(owner.opened.session),
            neighbours=shop.neighbours(),
        )
        return entered.opened.token

    with pytest.raises(InvalidInput):
        await change("not-the-word-33")
    with pytest.raises(InvalidInput):
        await change(PASSWORD, "azertyuiop")
    assert await is_alive(accounts, elsewhere.opened.token)
    token = await change(PASSWORD)
    assert [await is_alive(accounts, old) for old in (elsewhere.opened.token, owner.opened.token)] == [False, False]
    assert await is_alive(accounts, token)
    assert (await accounts.mail(MailKind.PASSWORD_CHANGED)).email == EMAIL


async def test_another_address_is_proved_before_it_counts_and_the_old_one_is_told(accounts: Accounts) -> None:
    owner = await accounts.owner()
    elsewhere = await accounts.log_in()
    await _ask_for(accounts, owner.person, "new@example.com")
    link = await accounts.token(MailKind.CHANGE)
    assert (await accounts.log_in()).person.email == EMAIL
    moved = await accounts.prove(link, session=owner.opened.session, kind=MailKind.CHANGE)
    assert moved.person.email == "new@example.com"
    assert not await is_alive(accounts, elsewhere.opened.token)
    assert (await accounts.mail(MailKind.EMAIL_CHANGED)).email == EMAIL
    assert (await accounts.log_in(email="new@example.com")).person.id == owner.person.id
    with pytest.raises(Unauthenticated):
        await accounts.log_in()


async def test_an_owned_address_is_not_given_away(accounts: Accounts) -> None:
    await accounts.owner("bert@example.com")
    anna = await accounts.owner()
    await _ask_for(accounts, anna.person, "bert@example.com")
    mail = await accounts.mail(MailKind.CHANGE)
    assert (mail.kind, mail.email, mail.token) == (TAKEN, "bert@example.com", None)


async def test_devices_are_coarse_and_each_can_be_logged_out(accounts: Accounts) -> None:
    here = await accounts.owner()
    there = await accounts.log_in()
    other = await accounts.owner("bert@example.com")
    shop = accounts.shop
    async with shop.database.transaction() as tx:
        devices = await devices_of(tx, shop.clock.now(), here.person)
        assert {device.id for device in devices} == {here.opened.session.id, there.opened.session.id}
        assert {device.device for device in devices} == {"Firefox, Linux"}
        assert not await end_device(tx, here.person.id, other.opened.session.id)
        assert await end_device(tx, here.person.id, there.opened.session.id)
    alive = [await is_alive(accounts, one.opened.token) for one in (here, there, other)]
    assert alive == [True, False, True]


async def test_nobody_finds_out_by_work_whether_an_address_has_an_account(accounts: Accounts) -> None:
    await accounts.owner()

    async def refused(email: str) -> None:
        with pytest.raises(Unauthenticated):
            await accounts.log_in("not-the-word-33", email)

    async def made(email: str) -> None:
        await accounts.register(email)

    await refused("nobody@example.com")  # The hash that nobody has is made once in each process.
    asks: dict[str, Callable[[str], Awaitable[None]]] = {
        "verify": refused,
        "hash": made,
        "": accounts.ask_for_reset,
    }
    for hashing, ask in asks.items():
        costs: list[list[str]] = []
        for email in (EMAIL, "nobody@example.com"):
            with watched_work() as done:
                await ask(email)
            costs.append(done)
        assert costs[0] == costs[1]
        assert [part for part in costs[0] if part in {"hash", "verify"}] == [hashing] * bool(hashing)
        assert len(costs[0]) > 2


async def test_an_account_that_nobody_confirms_goes_after_30_days_with_all_that_is_its(
    accounts: Accounts, kit: Kit, clock: SetClock
) -> None:
    await accounts.owner()
    await accounts.register("bert@example.com")
    clock.advance(days=30)
    while await forget_expired(kit.shop.database, clock):
        pass
    assert await accounts.states() == "owns"
    for table in ("session", "account_mail", "saved_address"):
        assert await kit.count(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - our own names


async def test_the_audit_says_what_was_done_to_an_account(accounts: Accounts, kit: Kit) -> None:
    await accounts.owner()
    await accounts.ask_for_reset()
    await accounts.reset(await accounts.token(MailKind.RESET))
    done = await kit.count(
        "SELECT count(DISTINCT action) FROM audit_row WHERE action IN ('customer.registered', "
        "'customer.address_confirmed', 'customer.password_reset_asked', 'customer.password_reset')"
    )
    assert done == 4


async def _ask_for(accounts: Accounts, person: Person, email: str) -> None:
    shop = accounts.shop
    await ask_for_address(
        shop.database,
        shop.clock,
        shop.seals,
        VISITOR,
        person,
        email=email,
        password=PASSWORD,
        neighbours=shop.neighbours(),
    )
