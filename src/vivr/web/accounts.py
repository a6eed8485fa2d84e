"""Registering, logging in and out, for the API and the pages alike: the use case, then the cookie."""

from vivr.cart.change_cart import merge_carts
from vivr.customers.accounts import AccountRequest, AccountTerms, find_account
from vivr.customers.log_in import Credentials, TakeOver, log_in
from vivr.customers.model import Person, PersonKind
from vivr.customers.register import register
from vivr.customers.sessions import end_session
from vivr.database import Tx
from vivr.orders.adopt_orders import adopt_orders
from vivr.settings import Settings
from vivr.web.cookies import ORDERS_COOKIE, dropped_cookie_text
from vivr.web.sessions import caller_of, enter_session, leave_session, session_of, with_origin
from vivr.web.visit import Visit


def account_terms(settings: Settings) -> AccountTerms:
    """What the merchant decided about accounts."""
    return AccountTerms(settings.shop_name, settings.data_retention)


async def register_visitor(visit: Visit, request: AccountRequest) -> Person:
    """Make an account and go on in it.

    Raises:
        InvalidInput: fields break a rule.
        Conflict: ``email_taken``.
    """
    shop = visit.shop
    caller = await with_origin(visit, await caller_of(visit))
    entrance = await register(
        shop.database,
        shop.clock,
        shop.seals,
        caller,
        account_terms(shop.settings),
        request,
        session=await session_of(visit),
        take_over=_take_over(visit),
    )
    enter_session(visit, entrance.opened)
    return entrance.person


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
        session=await session_of(visit),
        take_over=_take_over(visit),
    )
    enter_session(visit, entrance.opened)
    return entrance.person


async def log_visitor_out(visit: Visit) -> None:
    """End the session; the browser forgets its cookies, the signed list of orders too."""
    session = await session_of(visit)
    if session is not None:
        async with visit.shop.database.transaction("log_out") as tx:
            await end_session(tx, session.id)
    leave_session(visit)
    visit.set_cookies[ORDERS_COOKIE] = dropped_cookie_text(ORDERS_COOKIE, secure=visit.is_secure)


async def account_of(visit: Visit) -> Person | None:
    """The person that is logged in, customer or staff; None for a guest."""
    session = await session_of(visit)
    if session is None or session.person_id is None:
        return None
    async with visit.shop.database.transaction("find_account") as tx:
        return await find_account(tx, visit.shop.seals, session.person_id)


def _take_over(visit: Visit) -> TakeOver:
    async def take_over(tx: Tx, guest: str, person: Person) -> None:
        await merge_carts(tx, guest=guest, customer=f"customer:{person.id}", at=visit.shop.clock.now())
        await adopt_orders(tx, guest=guest, person_id=person.id)

    return take_over
