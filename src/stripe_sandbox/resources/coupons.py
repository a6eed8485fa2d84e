"""The routes of coupons and promotion codes."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.ids import scramble
from stripe_sandbox.money import check_currency
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.products import usable_product
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def create_coupon(call: Call) -> Doc:
    """POST /v1/coupons: a percentage or an amount."""
    wish, work = call.params, call.work
    if ("percent_off" in wish) == ("amount_off" in wish):
        raise invalid("Must provide either percent_off or amount_off.", code="parameter_missing", param="percent_off")
    if "amount_off" in wish and "currency" not in wish:
        raise invalid("Missing required param: currency.", code="parameter_missing", param="currency")
    coupon_id: str = wish.get("id") or scramble(work.account.seed, work.next_number(), "coupon", length=8)
    if work.find_any(coupon_id) is not None:
        raise invalid("Coupon already exists.", code="resource_already_exists", param="id")
    coupon = work.insert(
        {
            "id": coupon_id,
            "object": "coupon",
            "amount_off": wish.get("amount_off"),
            "created": work.now,
            "currency": check_currency(wish["currency"], "currency") if "amount_off" in wish else None,
            "duration": wish.get("duration", "once"),
            "duration_in_months": None,
            "livemode": False,
            "max_redemptions": wish.get("max_redemptions"),
            "metadata": merge_metadata({}, wish.get("metadata")),
            "name": wish.get("name"),
            "percent_off": wish.get("percent_off"),
            "redeem_by": wish.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
            "_products": _eligible_products(work, part(wish, "applies_to").get("products", [])),
        }
    )
    emit(work, "coupon.created", coupon)
    return public(coupon)


def _eligible_products(work: Work, products: list[str]) -> list[str]:
    """The products that a coupon is for; none means all."""
    for index, name in enumerate(products):
        usable_product(work, name, f"applies_to[products][{index}]")
    return products


def _coupon_in_path(call: Call) -> Doc:
    found = call.work.find("coupon", call.path["id"])
    if found is None:
        raise missing_object("coupon", call.path["id"], param="coupon")
    return found


def retrieve_coupon(call: Call) -> Doc:
    """GET /v1/coupons/{id}."""
    return public(_coupon_in_path(call))


def update_coupon(call: Call) -> Doc:
    """POST /v1/coupons/{id}: name and metadata."""
    return _change(call, _coupon_in_path(call), ("name",), "coupon.updated")


def delete_coupon(call: Call) -> Doc:
    """DELETE /v1/coupons/{id}."""
    coupon = _coupon_in_path(call)
    emit(call.work, "coupon.deleted", coupon)
    call.work.delete(coupon)
    return {"id": coupon["id"], "object": "coupon", "deleted": True}


def list_coupons(call: Call) -> Doc:
    """GET /v1/coupons, by created."""
    conditions = Conditions()
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "coupon", "/v1/coupons", call.params, noun="coupon", conditions=conditions)


def create_code(call: Call) -> Doc:
    """POST /v1/promotion_codes: a word that buyers know, for a coupon."""
    wish, work = call.params, call.work
    named: str | None = wish["promotion"].get("coupon")
    if named is None or work.find("coupon", named) is None:
        raise missing_object("coupon", named or "", param="promotion[coupon]", status=400)
    if wish.get("customer"):
        find_usable(work, wish["customer"])
    word: str = wish.get("code") or scramble(work.account.seed, work.next_number(), "code", length=8).upper()
    same = work.select("promotion_code", "upper(json_extract(body, '$.code')) = ?", [word.upper()])
    if any(other["active"] for other in same):
        raise invalid(f"An active promotion code with `code: {word}` already exists.", param="code")
    code = work.insert(
        {
            "id": work.mint("promo"),
            "object": "promotion_code",
            "active": wish.get("active", True),
            "code": word,
            "created": work.now,
            "customer": wish.get("customer"),
            "customer_account": None,
            "expires_at": wish.get("expires_at"),
            "livemode": False,
            "max_redemptions": wish.get("max_redemptions"),
            "metadata": merge_metadata({}, wish.get("metadata")),
            "promotion": {"coupon": named, "type": "coupon"},
            "restrictions": _restrictions(part(wish, "restrictions")),
            "times_redeemed": 0,
        }
    )
    emit(work, "promotion_code.created", code)
    return public(code)


def _restrictions(wish: dict[str, Any]) -> Doc:
    least, currency = wish.get("minimum_amount"), wish.get("minimum_amount_currency")
    if (least is None) != (currency is None):
        missing = f"restrictions[{'minimum_amount' if least is None else 'minimum_amount_currency'}]"
        raise invalid(f"Missing required param: {missing}.", code="parameter_missing", param=missing)
    return {
        "first_time_transaction": wish.get("first_time_transaction", False),
        "minimum_amount": least,
        "minimum_amount_currency": None
        if currency is None
        else check_currency(currency, "restrictions[minimum_amount_currency]"),
    }


def _code_in_path(call: Call) -> Doc:
    found = call.work.find("promotion_code", call.path["id"])
    if found is None:
        raise missing_object("promotion code", call.path["id"], param="promotion_code")
    return found


def retrieve_code(call: Call) -> Doc:
    """GET /v1/promotion_codes/{id}."""
    return public(_code_in_path(call))


def update_code(call: Call) -> Doc:
    """POST /v1/promotion_codes/{id}: active and metadata."""
    return _change(call, _code_in_path(call), ("active",), "promotion_code.updated")


def list_codes(call: Call) -> Doc:
    """GET /v1/promotion_codes, by active, code, coupon, customer and created."""
    conditions = Conditions()
    for name in ("active", "code", "customer"):
        conditions.equal(name, call.params.get(name))
    conditions.equal("promotion.coupon", call.params.get("coupon"))
    conditions.created(call.params.get("created"))
    url = "/v1/promotion_codes"
    return list_objects(call.work, "promotion_code", url, call.params, noun="promotion code", conditions=conditions)


def _change(call: Call, doc: Doc, names: tuple[str, ...], event: str) -> Doc:
    changes: dict[str, Any] = {name: call.params[name] for name in names if name in call.params}
    changes["metadata"] = merge_metadata(doc["metadata"], call.params.get("metadata"))
    previous: Doc = {name: doc[name] for name, value in changes.items() if doc[name] != value}
    doc.update(changes)
    call.work.save(doc)
    if previous:
        emit(call.work, event, doc, previous)
    return public(doc)
