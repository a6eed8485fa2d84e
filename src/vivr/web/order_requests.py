"""From what a buyer sent to an ``OrderRequest``: the rules of fields that need the shop's settings or the session."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vivr.customers.contact import Address, Contact
from vivr.customers.model import PersonKind, normalise_email, text_problem
from vivr.errors import InvalidInput
from vivr.ids import ProductId
from vivr.money import AmountTextError, Money, parse_major
from vivr.orders.model import BasketItem
from vivr.orders.place_order import OrderRequest
from vivr.settings import Settings
from vivr.web.accounts import account_of
from vivr.web.visit import Visit

ADDRESS_LINE_LENGTH_MAX: Final = 200

_PRODUCT_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WishedItem:
    """A line as it was sent; ``price`` is a text in major units."""

    product_id: str
    quantity: int
    price: str | None = None


@dataclass(frozen=True, slots=True)
class OrderWish:
    """An order as it was sent; only the kinds of its values are known."""

    items: Sequence[WishedItem]
    address: Address
    email: str | None = None
    currency: str | None = None
    shipping_option: str | None = None
    promotion_code: str | None = None


async def order_request(visit: Visit, wish: OrderWish) -> OrderRequest:
    """Hold a wish to the shop's rules.

    An account's orders go to the account's address unless another one is given; a guest must give one.

    Raises:
        InvalidInput: names each field.
    """
    settings = visit.shop.settings
    fields: dict[str, str] = {}
    person = await account_of(visit)
    email = normalise_email(wish.email) if wish.email else (person.email if person else None)
    if email is None:
        fields["email"] = "email_malformed" if wish.email else "required"
    fields |= {f"address.{name}": code for name, code in address_problems(wish.address, settings).items()}
    if wish.currency not in {None, settings.payment_currency}:
        fields["currency"] = "currency_not_offered"
    if wish.shipping_option not in {None, "standard"}:
        fields["shippingOption"] = "shipping_option_unknown"
    if wish.promotion_code:
        fields["promotionCode"] = "promotion_code_unknown"
    items = tuple(_item(place, item, settings.payment_currency, fields) for place, item in enumerate(wish.items))
    if fields or email is None:
        raise InvalidInput(fields)
    is_customer = person is not None and person.kind is PersonKind.CUSTOMER
    return OrderRequest(
        items=items,
        contact=Contact(email, wish.address),
        locale=visit.locale,
        return_origin=visit.return_origin,
        person_id=person.id if person and is_customer else None,
    )


def address_problems(address: Address, settings: Settings) -> dict[str, str]:
    """What is wrong with an address: the field, as the wire names it, and the code of its rule."""
    lines = {
        "name": (address.name, True),
        "line1": (address.line1, True),
        "line2": (address.line2, False),
        "postalCode": (address.postal_code, True),
        "city": (address.city, True),
        "state": (address.state, False),
        "phone": (address.phone, False),
    }
    problems = {
        name: text_problem(text or "", length_max=ADDRESS_LINE_LENGTH_MAX, required=required)
        for name, (text, required) in lines.items()
    }
    problems["country"] = _country_problem(address.country, settings)
    return {name: code for name, code in problems.items() if code is not None}


def _country_problem(country: str, settings: Settings) -> str | None:
    if not country.strip():
        return "required"
    if re.fullmatch(r"[A-Z]{2}", country, re.ASCII) is None:
        return "country_unknown"
    return None if country in settings.shipping_countries else "country_not_served"


def _item(place: int, item: WishedItem, currency: str, fields: dict[str, str]) -> BasketItem:
    if _PRODUCT_ID.fullmatch(item.product_id) is None:
        fields[f"items.{place}.productId"] = "product_not_found"
    return BasketItem(ProductId(item.product_id), item.quantity, _seen_price(place, item.price, currency, fields))


def _seen_price(place: int, price: str | None, currency: str, fields: dict[str, str]) -> Money | None:
    if price is None:
        return None
    try:
        return parse_major(price, currency)
    except AmountTextError:
        fields[f"items.{place}.price"] = "price_malformed"
        return None
