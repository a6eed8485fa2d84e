"""What a Checkout Session adds up to, reckoned anew after every choice of its buyer.

    line    = subtotal - discount + taxes that come on top
    session = lines + delivery

A tax is rounded per line and rate, half a minor unit up. An inclusive one is a part of the price; what comes on top is
reckoned on the price without it.
"""

from decimal import ROUND_HALF_UP, Decimal

from stripe_sandbox.flows.discounts import apply_coupon, check_restrictions
from stripe_sandbox.resources.session_lines import lines_of
from stripe_sandbox.state.work import Doc, Work, public

# Percentages have four decimals at most.
WHOLE = 1_000_000


def reckon(work: Work, session: Doc) -> None:
    """Writes all amounts into the session, for the caller to save, and into its lines."""
    lines = lines_of(work, session)
    for line in lines:
        exact = Decimal(line["price"]["unit_amount_decimal"]) * line["quantity"]
        line.update(amount_subtotal=int(exact.quantize(Decimal(1), ROUND_HALF_UP)), amount_discount=0)
    check_restrictions(session, sum(line["amount_subtotal"] for line in lines))
    coupon: Doc | None = session["_coupon"]
    taken = apply_coupon(coupon, lines, "discounts[0]") if coupon is not None else 0
    for line in lines:
        _tax(work, line)
        work.save(line)
    delivery: int = session["shipping_cost"]["amount_total"] if session["shipping_cost"] else 0
    session.update(
        amount_subtotal=sum(line["amount_subtotal"] for line in lines),
        amount_total=sum(line["amount_total"] for line in lines) + delivery,
        total_details={
            "amount_discount": taken,
            "amount_shipping": delivery,
            "amount_tax": sum(line["amount_tax"] for line in lines),
        },
    )
    _follow(work, session)


def _follow(work: Work, session: Doc) -> None:
    """A PaymentIntent that an earlier try left asks for the new amount; the bank's answer about the old one is void."""
    intent = work.find("payment_intent", session["_intent"] or "")
    if intent is None or intent["amount"] == session["amount_total"]:
        return
    if intent["status"] == "requires_action":
        intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["amount"] = session["amount_total"]
    work.save(intent)


def _tax(work: Work, line: Doc) -> None:
    due: int = line["amount_subtotal"] - line["amount_discount"]
    rates = [work.get("tax_rate", rate_id) for rate_id in line["_tax_rates"]]
    within = sum(_share(rate) for rate in rates if rate["inclusive"])
    net = _rounded(due * WHOLE, WHOLE + within)
    taxes: list[Doc] = []
    on_top = 0
    for rate in rates:
        if rate["inclusive"]:
            amount = _rounded(due * _share(rate), WHOLE + within)
        else:
            amount = _rounded(net * _share(rate), WHOLE)
            on_top += amount
        taxes.append({"amount": amount, "rate": rate["id"], "taxability_reason": None, "taxable_amount": net})
    line.update(_taxes=taxes, amount_tax=sum(tax["amount"] for tax in taxes), amount_total=due + on_top)


def _share(rate: Doc) -> int:
    """The percentage in parts of a million."""
    return round(rate["percentage"] * 10_000)


def _rounded(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def shown_taxes(work: Work, taxes: list[Doc]) -> list[Doc]:
    """Taxes with their whole rates, as they are shown when asked for."""
    return [{**tax, "rate": public(work.get("tax_rate", tax["rate"]))} for tax in taxes]


def breakdown(work: Work, session: Doc) -> Doc:
    """`total_details.breakdown`: the discounts, and the taxes of all lines by rate."""
    by_rate: dict[str, Doc] = {}
    for line in lines_of(work, session):
        for tax in line["_taxes"]:
            sum_so_far = by_rate.setdefault(tax["rate"], {**tax, "amount": 0, "taxable_amount": 0})
            sum_so_far["amount"] += tax["amount"]
            sum_so_far["taxable_amount"] += tax["taxable_amount"]
    taken: int = session["total_details"]["amount_discount"]
    return {
        "discounts": shown_discounts(work, session, taken),
        "taxes": shown_taxes(work, list(by_rate.values())),
    }


def shown_discounts(work: Work, session: Doc, amount: int) -> list[Doc]:
    """What the session's discount takes off, of the whole or of one line."""
    discount = work.find("discount", session["_discount"] or "")
    return [] if discount is None else [{"amount": amount, "discount": discount}]
