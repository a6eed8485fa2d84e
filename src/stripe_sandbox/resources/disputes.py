"""The dispute routes: read, answer with evidence, accept."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.flows.disputes import OPEN_STATUSES, give_up, submit_evidence
from stripe_sandbox.resources.dispute_shape import EVIDENCE_FILES
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata

EVIDENCE_PURPOSE = "dispute_evidence"
EVIDENCE_LETTERS_MAX = 150_000


def _in_path(call: Call) -> Doc:
    found = call.work.find("dispute", call.path["id"])
    if found is None:
        raise missing_object("dispute", call.path["id"], param="dispute")
    return found


def retrieve_dispute(call: Call) -> Doc:
    """GET /v1/disputes/{id}."""
    return public(_in_path(call))


def update_dispute(call: Call) -> Doc:
    """POST /v1/disputes/{id}: metadata and evidence; evidence is sent to the bank unless `submit` is false."""
    dispute = _in_path(call)
    if dispute["status"] not in OPEN_STATUSES:
        raise refused("This dispute is already closed")
    evidence = part(call.params, "evidence")
    before: Doc = {}
    if "metadata" in call.params:
        before["metadata"] = dispute["metadata"]
        dispute["metadata"] = merge_metadata(dispute["metadata"], call.params["metadata"])
    if evidence:
        before["evidence"] = {name: dispute["evidence"][name] for name in evidence}
        _stage(call.work, dispute, evidence)
    if call.params.get("submit", bool(evidence)):
        submit_evidence(call.work, dispute)
    else:
        call.work.save(dispute)
        if before:
            emit(call.work, "charge.dispute.updated", dispute, before)
    return public(dispute)


def _stage(work: Work, dispute: Doc, evidence: dict[str, Any]) -> None:
    for name in EVIDENCE_FILES:
        file_id: str | None = evidence.get(name)
        if file_id is None:
            continue
        found = work.find("file", file_id)
        if found is None:
            raise missing_object("file upload", file_id, param=f"evidence[{name}]", status=400)
        if found["purpose"] != EVIDENCE_PURPOSE:
            raise invalid(
                f"The file {file_id} has the purpose {found['purpose']}, not {EVIDENCE_PURPOSE}.",
                param=f"evidence[{name}]",
            )
    merged: Doc = {**dispute["evidence"], **evidence}
    letters = sum(len(text) for text in merged.values() if isinstance(text, str))
    if letters > EVIDENCE_LETTERS_MAX:
        raise invalid(
            f"The combined character count of all evidence fields is limited to {EVIDENCE_LETTERS_MAX}.",
            param="evidence",
        )
    dispute["evidence"] = merged
    dispute["evidence_details"]["has_evidence"] = True


def close_dispute(call: Call) -> Doc:
    """POST /v1/disputes/{id}/close: the shop accepts that it has lost."""
    dispute = _in_path(call)
    if dispute["status"] not in OPEN_STATUSES:
        raise refused("This dispute is already closed")
    give_up(call.work, dispute)
    return public(dispute)


def list_disputes(call: Call) -> Doc:
    """GET /v1/disputes, by charge, payment_intent and created."""
    conditions = Conditions()
    conditions.equal("charge", call.params.get("charge"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "dispute", "/v1/disputes", call.params, noun="dispute", conditions=conditions)
