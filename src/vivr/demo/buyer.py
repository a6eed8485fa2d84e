"""A buyer without a screen: follows links, fills in forms and keeps cookies, on the shop's pages and the hosted one.

It uses what a browser without JavaScript uses and nothing else, and only ever goes to the shop and to its Stripe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin, urlsplit

import httpx

from vivr.cli.language import say
from vivr.demo.cards import security_code
from vivr.demo.page_reader import Form, PageContent, read_page

_TIMEOUT_S: Final = 40
_HOPS_MAX: Final = 10
_PRODUCTS_TRIED_MAX: Final = 30

_DELIVERY: Final[Mapping[str, str]] = {
    "email": "camille@example.com",
    "name": "Camille Martin",
    "line1": "12 rue des Lilas",
    "postal_code": "69001",
    "city": "Lyon",
    "country": "FR",
}

Tell = Callable[[str], None]


class PurchaseFailedError(Exception):
    """The purchase can't go on; the message says at which page and why."""


@dataclass(frozen=True, slots=True)
class PaymentTrial:
    """What the hosted page did with a card.

    Attributes:
        decline_message: what the buyer read when the card was declined; None when the payment went through.
        was_challenged: whether a 3-D Secure challenge was passed on the way.
    """

    decline_message: str | None
    was_challenged: bool


@dataclass(frozen=True, slots=True)
class _View:
    """A page that was reached."""

    url: str
    status: int
    content: PageContent


class Buyer:
    """One visitor of the shop.

    Args:
        shop_url: the shop's address.
        stripe_url: the address of the hosted page.
        locale: ``fr`` or ``en``.
        tell: told of every step.
    """

    def __init__(self, shop_url: str, stripe_url: str, locale: str, tell: Tell) -> None:
        self._shop: str = shop_url
        self._origins: frozenset[str] = frozenset((shop_url, stripe_url))
        self._stripe: str = stripe_url
        self._prefix: str = "" if locale == "fr" else f"/{locale}"
        self._tell: Tell = tell
        self._client: httpx.Client = httpx.Client(
            timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False, headers={"accept-language": locale}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def fill_basket(self) -> None:
        """Put one unit of the first product that can be bought into the basket."""
        self._tell(say("Looking at the catalogue"))
        home = self._get(f"{self._shop}{self._prefix}/")
        found = [urljoin(home.url, link) for link in home.content.links if f"{self._prefix}/produit/" in link]
        for url in list(dict.fromkeys(found))[:_PRODUCTS_TRIED_MAX]:
            form = self._get(url).content.form_to("/produit/")
            if form is None or not form.is_open:
                continue
            reached = self._submit(form, url, {"quantity": "1"})
            if urlsplit(reached.url).path == f"{self._prefix}/panier":
                self._tell(say("In the basket: {product}", product=urlsplit(url).path.rpartition("/")[2]))
                return
        raise PurchaseFailedError(say("no product on the first page can be bought"))

    def order(self) -> str:
        """Fill in the checkout form; the address of the hosted payment page."""
        self._tell(say("Giving the address"))
        url = f"{self._shop}{self._prefix}/checkout"
        form = self._get(url).content.form_to("/checkout")
        if form is None:
            raise PurchaseFailedError(say("the checkout page has no form"))
        reached = self._submit(form, url, _DELIVERY)
        if not reached.url.startswith(f"{self._stripe}/c/pay/"):
            raise PurchaseFailedError(_refusal(reached))
        return reached.url

    def pay(self, hosted_url: str, number: str) -> PaymentTrial:
        """Pay on the hosted page; after a payment this ends on the shop's own return page."""
        self._tell(say("Paying on the hosted page with the card {number}", number=number))
        # Beside it the page may have one for promotion codes and deliveries.
        form = next((form for form in self._get(hosted_url).content.forms if "number" in form.names), None)
        if form is None:
            raise PurchaseFailedError(say("the hosted page takes no payment any more"))
        card = {"number": number, "expiry": "12 / 34", "cvc": security_code(number), "name": _DELIVERY["name"]}
        reached = self._submit(form, hosted_url, {**card, "email": _DELIVERY["email"]})
        was_challenged = "/c/authenticate/" in reached.url
        if was_challenged:
            self._tell(say("Passing the 3-D Secure challenge"))
            # The first of the two buttons is the one that passes.
            reached = self._submit(reached.content.forms[0], reached.url, {})
        if reached.url.startswith(self._shop):
            self._tell(say("Back at the shop"))
            return PaymentTrial(None, was_challenged)
        if not reached.content.alerts:
            raise PurchaseFailedError(say("the hosted page does not take the card {number}", number=number))
        return PaymentTrial(reached.content.alerts[0], was_challenged)

    def _submit(self, form: Form, page_url: str, entries: Mapping[str, str]) -> _View:
        target = urljoin(page_url, form.action or page_url)
        fields: dict[str, list[str]] = {}
        for name, value in form.filled(entries):
            fields.setdefault(name, []).append(value)
        parts = urlsplit(page_url)
        headers = {"origin": f"{parts.scheme}://{parts.netloc}", "referer": page_url}
        return self._follow(self._request("POST", target, data=fields, headers=headers))

    def _get(self, url: str) -> _View:
        reached = self._follow(self._request("GET", url))
        if reached.status != HTTPStatus.OK:
            raise PurchaseFailedError(_refusal(reached))
        return reached

    def _follow(self, response: httpx.Response) -> _View:
        for _ in range(_HOPS_MAX):
            if response.next_request is None:
                return _View(str(response.url), response.status_code, read_page(response.text))
            response = self._request("GET", str(response.next_request.url))
        raise PurchaseFailedError(say("{url} leads in circles", url=response.url))

    def _request(
        self, method: str, url: str, *, data: dict[str, list[str]] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise PurchaseFailedError(say("{url} is neither the shop nor its Stripe", url=url))
        try:
            return self._client.request(method, url, data=data, headers=headers)
        except httpx.HTTPError as error:
            raise PurchaseFailedError(
                say("{url} does not answer: {kind}", url=url, kind=type(error).__name__)
            ) from None


def _refusal(view: _View) -> str:
    path = urlsplit(view.url).path
    said = view.content.alerts[0] if view.content.alerts else ""
    return f"{path}: {view.status} {said}".rstrip()
