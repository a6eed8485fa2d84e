"""How often a client may come: a plain ASGI layer that counts each request by what it asks for.

Which limit a door has stands in one table. Counted is the client's IP address (of an IPv6 one its /64, which is what
one customer of a network has), and at a door in the table the session's principal too. Log-ins are counted per e-mail
address as well, where that is known (``web.accounts``). Pictures, style sheets and what probes ask are not counted.
"""

from typing import Final

from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from vivr.bootstrap import Shop
from vivr.customers.request_origins import RequestOrigin
from vivr.rate_limits.limiter import RateLimited
from vivr.web.refusals import RefusalAudit
from vivr.web.sessions import session_of
from vivr.web.visit import Visit, visit_in

LIMITS: Final = {
    "POST /api/auth/login": "login",
    "POST /compte/connexion": "login",
    "POST /admin/login": "login",
    "POST /api/auth/register": "register",
    "POST /compte/inscription": "register",
    "POST /compte/mot-de-passe-oublie": "register",
    "POST /compte/confirmation": "register",
    "POST /compte/securite/adresse": "register",
    "POST /compte/confirmer": "login",
    "POST /compte/nouvelle-adresse": "login",
    "POST /compte/nouveau-mot-de-passe": "login",
    "POST /compte/securite/mot-de-passe": "login",
    "POST /api/orders": "orders",
    "POST /api/orders/{order_id}/cancel": "orders",
    "POST /commande/{order_id}/annuler": "orders",
    "POST /api/stripe/checkout": "checkout",
    "POST /api/stripe/payment-intents": "checkout",
    "POST /checkout": "checkout",
    "POST /commande/{order_id}/payer": "checkout",
    "POST /api/stripe/refunds": "refunds",
    "POST /admin/commandes/{order_id}/rembourser": "refunds",
    "POST /admin/remboursements/{refund_id}/accepter": "refunds",
    "POST /admin/exceptions/{exception_id}/rendre": "refunds",
    "POST /admin/alertes/{flag_id}/rembourser": "refunds",
}
"""Method and path, as the French pages and the API write it -> the limit's name; all others have ``default``."""

_DEFAULT: Final = "default"
_NOT_COUNTED: Final = ("/static/", "/media/", "/healthz", "/readyz", "/metrics")
_PATTERNS: Final = [(*address.split(" ", 1), name) for address, name in LIMITS.items()]
_COMPILED: Final = [(method, compile_path(path)[0], name) for method, path, name in _PATTERNS]


class Limits:
    """Passes a request on, or raises ``RateLimited``."""

    def __init__(self, app: ASGIApp, shop: Shop) -> None:
        self._app = app
        self._shop = shop
        self._refusals = RefusalAudit(shop.database, shop.clock, shop.seals, act="request.refused", on=("web", "door"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request."""
        if scope["type"] == "http" and not scope["path"].startswith(_NOT_COUNTED):
            await self._count(visit_in(scope))
        await self._app(scope, receive, send)

    async def _count(self, visit: Visit) -> None:
        name, limiter = limit_of(visit.method, visit.path), self._shop.rate_limiter
        try:
            await limiter.take(name, "address", visit.client)
            if name != _DEFAULT:
                session = await session_of(visit)
                if session is not None:
                    await limiter.take(name, "principal", session.principal)
        except RateLimited as error:
            origin = RequestOrigin(visit.client_address, visit.headers.get("user-agent", ""))
            self._refusals.note(visit.request_id, origin, code=error.code)
            raise


def limit_of(method: str, path: str) -> str:
    """The name of the limit that a request is counted under."""
    # An English page stands at the French one's address under /en.
    path = path.removeprefix("/en") if path.startswith("/en/") else path
    return next(
        (name for known, pattern, name in _COMPILED if known == method and pattern.match(path) is not None), _DEFAULT
    )
