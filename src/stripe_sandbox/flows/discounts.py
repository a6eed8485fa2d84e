"""What a coupon takes off, and whether it may be used."""

from typing import Any

from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import StripeError, invalid, missing_object


def usable_coupon(work: Work, wish: dict[str, Any], path: str) -> tuple[Doc, Doc | None]:
    """The coupon that a discount names, by itself or by a promotion code, which is given as well."""
    named: str | None = wish.get("coupon")
    code_id: str | None = wish.get("promotion_code")
    if (named is None) == (code_id is None):
        raise invalid(f"{path} needs either a coupon or a promotion_code.", param=path)
    code: Doc | None = None
    if code_id is not None:
        code = work.find("promotion_code", code_id)
        if code is None:
            raise missing_object("promotion code", code_id, param=f"{path}[promotion_code]", status=400)
        if not code["active"] or _is_spent(work, code, code["expires_at"]):
            raise _spent(f"This promotion code is not usable: {code['code']}", f"{path}[promotion_code]")
        named = str(code["promotion"]["coupon"])
    coupon = work.find("coupon", named or "")
    if coupon is None:
        raise missing_object("coupon", named or "", param=f"{path}[coupon]", status=400)
    if _is_spent(work, coupon, coupon["redeem_by"]):
        raise _spent(f"This coupon is no longer usable: {coupon['id']}", f"{path}[coupon]")
    return coupon, code


def take_discount(work: Work, session: Doc, wish: dict[str, Any], path: str) -> None:
    """Gives an open session its one discount; what it takes off is reckoned later."""
    coupon, code = usable_coupon(work, wish, path)
    drop_discount(work, session)
    shown = {"coupon": coupon["id"] if code is None else None, "promotion_code": None if code is None else code["id"]}
    session["discounts"] = [shown]
    session["_coupon"] = {**public(coupon), "_products": coupon["_products"]}
    session["_restrictions"] = None if code is None else code["restrictions"]
    if code is not None and code["restrictions"]["first_time_transaction"]:
        _check_first_time(work, session, path)
    discount: Doc = {
        "id": work.mint("di"),
        "object": "discount",
        "checkout_session": session["id"],
        "customer": session["customer"],
        "customer_account": None,
        "end": None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": shown["promotion_code"],
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": work.now,
        "subscription": None,
        "subscription_item": None,
    }
    session["_discount"] = work.insert(discount)["id"]


def drop_discount(work: Work, session: Doc) -> None:
    """Takes the discount back from an open session."""
    if session["_discount"] is not None:
        work.delete(work.get("discount", session["_discount"]))
    session.update(discounts=[], _coupon=None, _discount=None, _restrictions=None)


def _check_first_time(work: Work, session: Doc, path: str) -> None:
    """The buyer has paid nothing before."""
    paid = "json_extract(body, '$.customer') = ? AND json_extract(body, '$.paid')"
    if session["customer"] is not None and work.select("charge", paid, [session["customer"]], limit=1):
        raise invalid("This promotion code is for first purchases only.", param=f"{path}[promotion_code]")


def check_restrictions(session: Doc, subtotal: int) -> None:
    """Refuses an order that is too small for the promotion code that it names."""
    limits: Doc | None = session["_restrictions"]
    if limits is None or limits["minimum_amount"] is None:
        return
    if limits["minimum_amount_currency"] != session["currency"] or subtotal < limits["minimum_amount"]:
        raise invalid(
            "This promotion code cannot be redeemed because the order is too small for it.",
            param="discounts[0][promotion_code]",
        )


def find_code(work: Work, word: str, customer: str | None) -> Doc | None:
    """The active promotion code that a buyer typed, in whatever case, unless it is another customer's."""
    same = work.select("promotion_code", "upper(json_extract(body, '$.code')) = ?", [word.upper()])
    return next((code for code in same if code["active"] and code["customer"] in (None, customer)), None)


def _is_spent(work: Work, doc: Doc, until: int | None) -> bool:
    most: int | None = doc["max_redemptions"]
    return (until is not None and until <= work.now) or (most is not None and doc["times_redeemed"] >= most)


def _spent(message: str, param: str) -> StripeError:
    return invalid(message, code="coupon_expired", param=param)


def apply_coupon(coupon: Doc, lines: list[Doc], path: str) -> int:
    """Takes the discount off the lines that it is for, in proportion and to the minor unit; gives its sum."""
    products: list[str] = coupon["_products"]
    eligible = [line for line in lines if not products or line["price"]["product"] in products]
    if not eligible:
        raise invalid(f"The coupon {coupon['id']} is for none of these products.", param=path)
    total: int = sum(line["amount_subtotal"] for line in eligible)
    if coupon["amount_off"] is not None:
        if coupon["currency"] != lines[0]["currency"]:
            raise invalid(f"The coupon {coupon['id']} is in another currency.", param=path)
        wanted = min(coupon["amount_off"], total)
    else:
        # Percentages have two decimals at most; half a minor unit is rounded up.
        wanted = (total * round(coupon["percent_off"] * 100) + 5000) // 10000
    passed, given = 0, 0
    for line in eligible:
        passed += line["amount_subtotal"]
        upto = wanted * passed // total if total else 0
        line["amount_discount"] = upto - given
        given = upto
    return wanted


def redeem(work: Work, session: Doc) -> None:
    """A completed session uses its coupon, and the code by which it was named, once."""
    for discount in session["discounts"]:
        coupon = work.find("coupon", discount["coupon"] or "")
        code = work.find("promotion_code", discount["promotion_code"] or "")
        if code is not None and coupon is None:
            coupon = work.find("coupon", code["promotion"]["coupon"])
        for used in (coupon, code):
            if used is not None:
                used["times_redeemed"] += 1
                work.save(used)
