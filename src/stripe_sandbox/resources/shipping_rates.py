"""Shipping rates: what a way of delivery costs; the amount never changes."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.money import check_currency, check_granularity
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata
from stripe_sandbox.wire.schema import join

_BOUNDS = ("maximum", "minimum")


def new_shipping_rate(work: Work, wish: dict[str, Any], path: str = "") -> Doc:
    """Stores a shipping rate; `path` is where its parameters stand in the request."""
    amount = part(wish, "fixed_amount")
    if not amount:
        missing = join(path, "fixed_amount")
        raise invalid(f"Missing required param: {missing}.", code="parameter_missing", param=missing)
    where = join(path, "fixed_amount")
    currency = check_currency(amount["currency"], f"{where}[currency]")
    check_granularity(amount["amount"], currency, param=f"{where}[amount]")
    estimate = part(wish, "delivery_estimate")
    return work.insert(
        {
            "id": work.mint("shr"),
            "object": "shipping_rate",
            "active": True,
            "created": work.now,
            "delivery_estimate": {name: estimate.get(name) for name in _BOUNDS} if estimate else None,
            "display_name": wish["display_name"],
            "fixed_amount": {"amount": amount["amount"], "currency": currency},
            "livemode": False,
            "metadata": merge_metadata({}, wish.get("metadata")),
            "tax_behavior": wish.get("tax_behavior", "unspecified"),
            "tax_code": wish.get("tax_code"),
            "type": "fixed_amount",
        }
    )


def create_shipping_rate(call: Call) -> Doc:
    """POST /v1/shipping_rates."""
    return public(new_shipping_rate(call.work, call.params))


def usable_shipping_rate(work: Work, rate_id: str, path: str) -> Doc:
    """A shipping rate that a session may offer."""
    found = work.find("shipping_rate", rate_id)
    if found is None:
        raise missing_object("shipping rate", rate_id, param=path, status=400)
    if not found["active"]:
        raise invalid(f"The shipping rate {rate_id} is inactive.", param=path)
    return found


def _in_path(call: Call) -> Doc:
    found = call.work.find("shipping_rate", call.path["id"])
    if found is None:
        raise missing_object("shipping rate", call.path["id"], param="shipping_rate_token")
    return found


def retrieve_shipping_rate(call: Call) -> Doc:
    """GET /v1/shipping_rates/{id}."""
    return public(_in_path(call))


def update_shipping_rate(call: Call) -> Doc:
    """POST /v1/shipping_rates/{id}: active, metadata, and the tax behaviour while it is unspecified."""
    rate = _in_path(call)
    behaviour: str | None = call.params.get("tax_behavior")
    if behaviour is not None and rate["tax_behavior"] not in ("unspecified", behaviour):
        raise invalid("The tax behavior of a shipping rate cannot be changed once it is set.", param="tax_behavior")
    rate.update({name: call.params[name] for name in ("active", "tax_behavior") if name in call.params})
    rate["metadata"] = merge_metadata(rate["metadata"], call.params.get("metadata"))
    return public(call.work.save(rate))


def list_shipping_rates(call: Call) -> Doc:
    """GET /v1/shipping_rates, by active, currency and created."""
    conditions = Conditions()
    conditions.equal("active", call.params.get("active"))
    conditions.equal("fixed_amount.currency", call.params.get("currency"))
    conditions.created(call.params.get("created"))
    url = "/v1/shipping_rates"
    return list_objects(call.work, "shipping_rate", url, call.params, noun="shipping rate", conditions=conditions)


def offer_delivery(work: Work, session: Doc, wishes: list[dict[str, Any]]) -> None:
    """Lets an open session offer these ways of delivery; the first one is chosen until the buyer chooses."""
    options = _offered(work, wishes, session["currency"])
    session.update(shipping_options=options, shipping_cost=cost_of(options[0]) if options else None)


def _offered(work: Work, wishes: list[dict[str, Any]], currency: str) -> list[Doc]:
    offered: list[Doc] = []
    for index, wish in enumerate(wishes):
        path = f"shipping_options[{index}]"
        named: str | None = wish.get("shipping_rate")
        if (named is None) == ("shipping_rate_data" not in wish):
            raise invalid(f"{path} needs either a shipping_rate or shipping_rate_data.", param=path)
        if named is not None:
            rate = usable_shipping_rate(work, named, f"{path}[shipping_rate]")
        else:
            rate = new_shipping_rate(work, wish["shipping_rate_data"], f"{path}[shipping_rate_data]")
        amount: Doc = rate["fixed_amount"]
        if amount["currency"] != currency:
            raise invalid(
                f"The shipping rate {rate['id']} is in {amount['currency']}, the Checkout Session in {currency}.",
                param=path,
            )
        offered.append({"shipping_amount": amount["amount"], "shipping_rate": rate["id"]})
    return offered


def cost_of(option: Doc) -> Doc:
    """`shipping_cost` of a session whose buyer chose this option."""
    amount: int = option["shipping_amount"]
    return {
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "shipping_rate": option["shipping_rate"],
    }
