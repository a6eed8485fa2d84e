"""What the buyer may still change about his order on the payment page: quantities, delivery, a promotion code."""

from stripe_sandbox.flows.discounts import drop_discount, find_code, take_discount
from stripe_sandbox.flows.totals import reckon
from stripe_sandbox.pages.entries import EntryProblem
from stripe_sandbox.resources.checkout_shape import check_total
from stripe_sandbox.resources.session_lines import lines_of
from stripe_sandbox.resources.shipping_rates import cost_of
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.errors import StripeError


class ChoiceRefusedError(Exception):
    """The order stays as it was; `problem` says which choice cannot be."""

    def __init__(self, problem: EntryProblem) -> None:
        super().__init__(problem.words)
        self.problem = problem


def change_order(work: Work, session: Doc, fields: dict[str, str]) -> None:
    """Makes all the choices that were sent, and reckons anew; raises ChoiceRefusedError, for the caller to undo all."""
    _choose_quantities(work, session, fields)
    if "shipping_rate" in fields:
        chosen = [
            option for option in session["shipping_options"] if option["shipping_rate"] == fields["shipping_rate"]
        ]
        if not chosen:
            raise ChoiceRefusedError(EntryProblem("shipping_rate", "delivery_invalid"))
        session["shipping_cost"] = cost_of(chosen[0])
    _choose_code(work, session, fields)
    try:
        reckon(work, session)
        check_total(session)
    except StripeError as error:
        raise ChoiceRefusedError(EntryProblem("order", "order_invalid")) from error
    work.save(session)


def _choose_quantities(work: Work, session: Doc, fields: dict[str, str]) -> None:
    lines = lines_of(work, session)
    for line in lines:
        name = quantity_field(line)
        bounds: Doc | None = line["adjustable_quantity"]
        if name not in fields or bounds is None or not bounds["enabled"]:
            continue
        text = fields[name].strip()
        if not (text.isascii() and text.isdigit()) or not bounds["minimum"] <= int(text) <= bounds["maximum"]:
            raise ChoiceRefusedError(EntryProblem(name, "quantity_invalid"))
        line["quantity"] = int(text)
    if not any(line["quantity"] for line in lines):
        raise ChoiceRefusedError(EntryProblem("order", "order_empty"))


def quantity_field(line: Doc) -> str:
    """The name of a line's field."""
    return f"quantity_{line['id']}"


def _choose_code(work: Work, session: Doc, fields: dict[str, str]) -> None:
    if not session["allow_promotion_codes"]:
        return
    if "drop_code" in fields:
        drop_discount(work, session)
    word = fields.get("promotion_code", "").strip()
    if not word:
        return
    code = find_code(work, word, session["customer"])
    if code is None:
        raise ChoiceRefusedError(EntryProblem("promotion_code", "code_invalid"))
    try:
        take_discount(work, session, {"promotion_code": code["id"]}, "discounts[0]")
    except StripeError as error:
        raise ChoiceRefusedError(EntryProblem("promotion_code", "code_invalid")) from error
