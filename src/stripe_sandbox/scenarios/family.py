"""The objects of one payment: session, PaymentIntent, charge, refunds, disputes, found from any of them."""

from stripe_sandbox.state.work import Doc, Work

KINDS = ("checkout.session", "payment_intent", "charge", "refund", "dispute")


def relative(work: Work, object_id: str, kind: str) -> Doc | None:
    """The object of a kind that belongs to the same payment, the newest where there are several; None if none does."""
    doc = work.find_any(object_id)
    if doc is None or doc["object"] == kind:
        return doc
    if doc["object"] not in KINDS:
        return None
    if kind == "charge" and doc.get("charge"):
        return work.find("charge", doc["charge"])
    intent = doc if doc["object"] == "payment_intent" else work.find("payment_intent", doc.get("payment_intent") or "")
    return None if intent is None else _of_intent(work, intent, kind)


def _of_intent(work: Work, intent: Doc, kind: str) -> Doc | None:
    if kind == "payment_intent":
        return intent
    if kind == "checkout.session":
        return work.find(kind, intent.get("_session") or "")
    if kind == "charge":
        return work.find(kind, intent["latest_charge"] or "")
    found = work.select(kind, "json_extract(body, '$.payment_intent') = ?", [intent["id"]], limit=1)
    return found[0] if found else None
