"""``/api/auth``: register, log in, log out, and who am I."""

from fastapi import APIRouter, Request
from pydantic import Field

from vivr.customers.accounts import AccountRequest
from vivr.customers.model import Person, PersonKind
from vivr.web.accounts import account_of, log_visitor_in, log_visitor_out, register_visitor
from vivr.web.api.envelope import Json, JsonRoute, Success
from vivr.web.sessions import ensure_session
from vivr.web.visit import visit_of

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=JsonRoute)


class RegisterBody(Json):
    """What an account needs."""

    email: str
    password: str
    name: str


class LoginBody(Json):
    """What a log-in needs."""

    email: str
    password: str


class UserOut(Json):
    """Whoever is logged in."""

    id: str
    kind: str
    email: str
    name: str
    confirmed: bool = Field(description="Whether the address was confirmed by the link of a mail; buying needs none.")


class WhoOut(Json):
    """Who the session belongs to; ``user`` is null for a guest."""

    user: UserOut | None


@router.post("/register", status_code=201, summary="Make an account and log in to it")
async def register(request: Request, body: RegisterBody) -> Success[WhoOut]:
    """The basket and the orders of the guest's session become the account's.

    The answer is the same whether or not somebody has an account of this address: that is told by mail alone. The
    account may buy at once, and owns the address when the link of that mail confirms it.
    """
    visit = visit_of(request)
    wish = AccountRequest(email=body.email, password=body.password, name=body.name, locale=visit.locale)
    return _who(await register_visitor(visit, wish))


@router.post("/login", summary="Log in as a customer")
async def login(request: Request, body: LoginBody) -> Success[WhoOut]:
    """Staff log in at the back office, not here."""
    visit = visit_of(request)
    person = await log_visitor_in(visit, kind=PersonKind.CUSTOMER, email=body.email, password=body.password)
    return _who(person)


@router.post("/logout", summary="Log out")
async def logout(request: Request) -> Success[WhoOut]:
    """The session is ended; doing it twice is as good as once."""
    await log_visitor_out(visit_of(request))
    return _who(None)


@router.get("/me", summary="Who am I")
async def me(request: Request) -> Success[WhoOut]:
    """Gives a guest a session, which an ``Idempotency-Key`` needs."""
    visit = visit_of(request)
    await ensure_session(visit)
    return _who(await account_of(visit))


def _who(person: Person | None) -> Success[WhoOut]:
    if person is None:
        return Success(data=WhoOut(user=None))
    user = UserOut(id=person.id, kind=person.kind, email=person.email, name=person.name, confirmed=person.is_confirmed)
    return Success(data=WhoOut(user=user))
