"""Registering, logging in and out, for the API and the pages alike: the use case, then the cookie."""

from vivr.customers.accounts import AccountRequest, AccountTerms, find_account
from vivr.customers.change_address import ask_for_address
from vivr.customers.change_password import ask_for_reset, change_password, reset_password
from vivr.customers.log_in import Arrival, Credentials, Entrance, log_in, reenter
from vivr.customers.model import MailKind, Person, PersonKind, coarse_device
from vivr.customers.prove_address import ask_for_proof, prove_address
from vivr.customers.register import register
from vivr.customers.sessions import end_session
from vivr.errors import Unauthenticated
from vivr.ids import PersonId
from vivr.settings import Settings
from vivr.web.cookies import ORDERS_COOKIE, dropped_cookie_text
from vivr.web.sessions import caller_of, enter_session, leave_session, session_of, with_origin
from vivr.web.visit import Visit


def account_terms(settings: Settings) -> AccountTerms:
    """What the merchant decided about accounts."""
    return AccountTerms(settings.shop_name, settings.data_retention)


async def register_visitor(visit: Visit, request: AccountRequest) -> Person:
    """Make an account and go on in it, whoever else has its address.

    Raises:
        InvalidInput: fields break a rule.
    """
    shop = visit.shop
    caller = await with_origin(visit, await caller_of(visit))
    terms = account_terms(shop.settings)
    arrival, neighbours = await arrival_of(visit), shop.neighbours()
    return _enter(
        visit, await register(shop.database, shop.clock, shop.seals, caller, terms, request, arrival, neighbours)
    )


async def log_visitor_in(visit: Visit, *, kind: PersonKind, email: str, password: str) -> Person:
    """Log in through the customers' or the staff's door and go on in a new session.

    Raises:
        Unauthenticated: ``wrong_credentials``.
        RateLimited: somebody tries this e-mail address too often, from wherever.
    """
    shop = visit.shop
    await shop.rate_limiter.take("login", "email", email.strip().lower())
    caller = await with_origin(visit, await caller_of(visit))
    entrance = await log_in(
        shop.database,
        shop.clock,
        shop.seals,
        caller,
        Credentials(kind, email, password),
        retention=shop.settings.data_retention,
        arrival=await arrival_of(visit),
        take_over=shop.neighbours().take_over,
    )
    return _enter(visit, entrance)


async def reenter_account(visit: Visit, person_id: PersonId) -> None:
    """Open another session for somebody whose first answer was lost on the way, as after a double click."""
    shop = visit.shop
    entrance = await reenter(shop.database, shop.clock, shop.seals, person_id, await arrival_of(visit))
    if entrance is not None:
        _enter(visit, entrance)


async def prove_visitors_address(visit: Visit, kind: MailKind, token: str, password: str) -> Person:
    """Prove an address by a mail's link and go on in a new session; see ``customers.prove_address``."""
    shop = visit.shop
    caller = await with_origin(visit, await caller_of(visit))
    entrance = await prove_address(
        shop.database,
        shop.clock,
        shop.seals,
        caller,
        kind,
        token,
        password,
        retention=shop.settings.data_retention,
        arrival=await arrival_of(visit),
        neighbours=shop.neighbours(),
    )
    return _enter(visit, entrance)


async def send_proof_again(visit: Visit, person: Person) -> None:
    """Send the link that confirms an account's address once more, unless it is confirmed."""
    shop = visit.shop
    if not person.is_confirmed:
        await ask_for_proof(shop.database, shop.clock, shop.seals, person, shop.neighbours())


async def ask_for_visitors_reset(visit: Visit, email: str) -> None:
    """Send a link for a new password to an address, if it stands for an account; see ``customers.change_password``."""
    shop = visit.shop
    caller = await with_origin(visit, await caller_of(visit))
    neighbours = shop.neighbours()
    await ask_for_reset(shop.database, shop.clock, shop.seals, caller, neighbours, email=email, locale=visit.locale)


async def reset_visitors_password(visit: Visit, token: str, password: str) -> None:
    """Set a password by a mail's link; the visitor logs in with it."""
    shop = visit.shop
    caller = await with_origin(visit, await caller_of(visit))
    terms = account_terms(shop.settings)
    await reset_password(
        shop.database,
        shop.clock,
        shop.seals,
        caller,
        terms,
        token=token,
        new=password,
        neighbours=shop.neighbours(),
    )


async def change_visitors_password(visit: Visit, person: Person, *, current: str, new: str) -> Person:
    """Change the password of the account that is logged in, and go on in a new session."""
    shop = visit.shop
    entrance = await change_password(
        shop.database,
        shop.clock,
        shop.seals,
        await with_origin(visit, await caller_of(visit)),
        account_terms(shop.settings),
        person,
        current=current,
        new=new,
        arrival=await arrival_of(visit),
        neighbours=shop.neighbours(),
    )
    return _enter(visit, entrance)


async def ask_for_visitors_address(visit: Visit, person: Person, *, email: str, password: str) -> None:
    """Send a link to the address that an account is to have."""
    shop = visit.shop
    await ask_for_address(
        shop.database,
        shop.clock,
        shop.seals,
        await with_origin(visit, await caller_of(visit)),
        person,
        email=email,
        password=password,
        neighbours=shop.neighbours(),
    )


async def log_visitor_out(visit: Visit) -> None:
    """End the session; the browser forgets its cookies, the signed list of orders too."""
    session = await session_of(visit)
    if session is not None:
        async with visit.shop.database.transaction("log_out") as tx:
            await end_session(tx, session.id)
    forget_visitor(visit)


def forget_visitor(visit: Visit) -> None:
    """Let the browser forget a session that was ended."""
    leave_session(visit)
    visit.set_cookies[ORDERS_COOKIE] = dropped_cookie_text(ORDERS_COOKIE, secure=visit.is_secure)


async def account_of(visit: Visit) -> Person | None:
    """The person that is logged in, customer or staff; None for a guest."""
    session = await session_of(visit)
    if session is None or session.person_id is None:
        return None
    async with visit.shop.database.transaction("find_account") as tx:
        return await find_account(tx, visit.shop.seals, session.person_id)


async def customer_of(visit: Visit) -> Person:
    """The customer that is logged in.

    Raises:
        Unauthenticated: nobody is, or a member of staff.
    """
    person = await account_of(visit)
    if person is None or person.kind is not PersonKind.CUSTOMER:
        raise Unauthenticated("unauthenticated")
    return person


async def arrival_of(visit: Visit) -> Arrival:
    """Where a visitor comes from who is about to enter an account."""
    return Arrival(await session_of(visit), coarse_device(visit.headers.get("user-agent", "")))


def _enter(visit: Visit, entrance: Entrance) -> Person:
    enter_session(visit, entrance.opened)
    return entrance.person
