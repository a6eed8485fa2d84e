"""Sessions as the web sees them: the cookie in, the caller out.

A session is looked for once per request and made only when something needs an owner: reading the shop leaves no row.
"""

from typing import Final

from vivr.caller import Caller
from vivr.customers.model import Session
from vivr.customers.request_origins import RequestOrigin, keep_origin
from vivr.customers.sessions import OpenedSession, find_session, open_session
from vivr.web.cookies import SESSION_COOKIE, cookie_text, dropped_cookie_text
from vivr.web.visit import Visit

_NOBODY: Final = "guest:none"


async def session_of(visit: Visit) -> Session | None:
    """The living session that the request's cookie names, if there is one."""
    if not visit.session_was_read:
        token = visit.cookies.get(SESSION_COOKIE)
        if token:
            async with visit.shop.database.transaction("find_session") as tx:
                visit.session = await find_session(tx, visit.shop.clock.now(), token)
        visit.session_was_read = True
    return visit.session


async def ensure_session(visit: Visit) -> Session:
    """The living session, or a guest's new one, whose cookie the answer sets."""
    session = await session_of(visit)
    if session is not None:
        return session
    async with visit.shop.database.transaction("open_session") as tx:
        opened = await open_session(tx, visit.shop.clock.now())
    enter_session(visit, opened)
    return opened.session


def enter_session(visit: Visit, opened: OpenedSession) -> None:
    """Go on in a session that was made just now: the answer sets its cookie."""
    visit.session, visit.session_was_read = opened.session, True
    visit.set_cookies[SESSION_COOKIE] = cookie_text(
        SESSION_COOKIE, opened.token, lifetime=opened.lifetime, secure=visit.is_secure
    )


def leave_session(visit: Visit) -> None:
    """Go on without a session: the answer drops its cookie."""
    visit.session, visit.session_was_read = None, True
    visit.set_cookies[SESSION_COOKIE] = dropped_cookie_text(SESSION_COOKIE, secure=visit.is_secure)


async def caller_of(visit: Visit) -> Caller:
    """Who asks, without making a session: for what needs no owner, such as reading or settling a payment."""
    session = await session_of(visit)
    if session is None:
        return Caller(actor=_NOBODY, role="guest", request_id=visit.request_id)
    return Caller(actor=session.principal, role=session.role, request_id=visit.request_id)


async def acting_caller(visit: Visit) -> Caller:
    """Who acts, in a session that is made if need be, with where the request came from kept for the audit."""
    await ensure_session(visit)
    caller = await caller_of(visit)
    return await with_origin(visit, caller)


async def with_origin(visit: Visit, caller: Caller) -> Caller:
    """The same caller, with where the request came from kept for the audit (365 days, sealed)."""
    shop = visit.shop
    origin = RequestOrigin(visit.client_address, visit.headers.get("user-agent", ""))
    async with shop.database.transaction("keep_origin") as tx:
        kept = await keep_origin(tx, shop.seals, shop.clock.now(), origin)
    client_digest = shop.seals.digest("client", visit.client)
    return Caller(caller.actor, caller.role, caller.request_id, kept.id, kept.digest, client_digest)
