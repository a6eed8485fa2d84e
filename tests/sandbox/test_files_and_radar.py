"""Uploaded evidence, early fraud warnings and reviews."""

from typing import Any

import pytest

from sandbox.dispute_shapes import FILE, REVIEW, WARNING
from sandbox.harness import Shop
from sandbox.paid import DAY_S, later, pay, raw, refusal, send
from sandbox.shapes import differences

ELEVATED = "pm_card_riskLevelElevated"
WARNED = "pm_card_createIssuerFraudRecord"
WARNINGS = "radar/early_fraud_warnings"


def upload(shop: Shop, purpose: str = "dispute_evidence", **files: Any) -> Any:
    sent = files or {"file": ("receipt.pdf", b"%PDF-1.4 receipt\r\n", "application/pdf")}
    return shop.http.post("/v1/files", data={"purpose": purpose}, files=sent)


def test_a_file_is_known_by_name_size_and_purpose(shop: Shop) -> None:
    made = upload(shop).json()
    assert differences(made, FILE) == []
    assert (made["filename"], made["size"], made["type"], made["purpose"]) == (
        "receipt.pdf",
        18,
        "pdf",
        "dispute_evidence",
    )
    assert raw(shop, f"files/{made['id']}") == made
    assert [row["id"] for row in raw(shop, "files?purpose=dispute_evidence")["data"]] == [made["id"]]
    assert raw(shop, "files?purpose=pci_document")["data"] == []


def test_a_file_needs_its_part_and_a_purpose(shop: Shop) -> None:
    error = upload(shop, other=("a.txt", b"x", "text/plain")).json()["error"]
    assert (error["code"], error["param"]) == ("parameter_unknown", "other")
    assert refusal(shop, "files", purpose="dispute_evidence") == (
        400,
        "parameter_missing",
        "file",
        "Missing required param: file.",
    )
    assert upload(shop, "party").json()["error"]["param"] == "purpose"


def test_a_file_is_of_a_kind_and_size_that_its_purpose_takes(shop: Shop) -> None:
    small = b"\x89PNG\r\n"
    for name, content in (("a.txt", b"Hello"), ("large.png", small + b"\0" * 5_000_000)):
        refused = upload(shop, file=(name, content, "application/octet-stream"))
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "file")
    assert raw(shop, "files")["data"] == []
    # What a file is stands in its content.
    assert upload(shop, file=("large.pdf", small + b"\0" * 4_000_000, "application/pdf")).json()["type"] == "png"


def test_a_fault_before_an_upload_leaves_no_file(shop: Shop) -> None:
    shop.control("POST", "faults", {"kind": "error_before", "route": "POST /v1/files"})
    assert upload(shop).status_code == 500
    assert raw(shop, "files")["data"] == []
    assert upload(shop).status_code == 200


def test_evidence_may_be_a_file_of_its_purpose_only(shop: Shop) -> None:
    pay(shop, "pm_card_createDispute")
    (dispute,) = raw(shop, "disputes")["data"]
    path = f"disputes/{dispute['id']}"
    logo = upload(shop, "business_logo", file=("logo.png", b"\x89PNG\r\n", "image/png")).json()["id"]
    assert refusal(shop, path, **{"evidence[receipt]": "file_x"}) == (
        400,
        "resource_missing",
        "evidence[receipt]",
        "No such file upload: 'file_x'",
    )
    assert refusal(shop, path, **{"evidence[receipt]": logo})[2] == "evidence[receipt]"
    receipt = upload(shop).json()["id"]
    answered = send(shop, path, **{"evidence[receipt]": receipt})
    assert (answered["evidence"]["receipt"], answered["status"]) == (receipt, "under_review")


def test_an_issuers_warning_moves_no_money(shop: Shop) -> None:
    charge = pay(shop, WARNED)
    (warning,) = raw(shop, f"{WARNINGS}?charge={charge['id']}")["data"]
    assert differences(warning, WARNING) == []
    assert (warning["actionable"], warning["payment_intent"]) == (True, charge["payment_intent"])
    assert raw(shop, f"{WARNINGS}/{warning['id']}") == warning
    assert (charge["disputed"], charge["amount_refunded"]) == (False, 0)
    assert "radar.early_fraud_warning.created" in shop.events()


@pytest.mark.parametrize("act", ["refund", "dispute"])
def test_a_warning_is_not_actionable_once_the_money_is_gone(shop: Shop, act: str) -> None:
    charge = pay(shop, WARNED)
    if act == "refund":
        send(shop, "refunds", charge=charge["id"], amount="1000")
        assert raw(shop, WARNINGS)["data"][0]["actionable"] is True
        send(shop, "refunds", charge=charge["id"])
    else:
        shop.control("POST", f"bank/{charge['id']}/dispute")
    assert raw(shop, WARNINGS)["data"][0]["actionable"] is False
    assert shop.events()[-1] == "radar.early_fraud_warning.updated"


def test_the_bank_can_warn_of_any_charge(shop: Shop) -> None:
    charge = pay(shop)
    shop.control("POST", f"bank/{charge['id']}/warn")
    assert raw(shop, WARNINGS)["data"][0]["charge"] == charge["id"]


def test_an_elevated_risk_opens_a_review_and_takes_the_money(shop: Shop) -> None:
    charge = pay(shop, ELEVATED)
    (review,) = raw(shop, "reviews")["data"]
    assert differences(review, REVIEW) == []
    assert (review["open"], review["opened_reason"], review["reason"]) == (True, "rule", "rule")
    assert charge["review"] == review["id"]
    assert raw(shop, f"payment_intents/{charge['payment_intent']}?expand[]=review")["review"]["id"] == review["id"]
    assert charge["captured"] is True
    assert shop.events()[-1] == "review.opened"


def test_an_approved_review_is_closed_once(shop: Shop) -> None:
    pay(shop, ELEVATED)
    (review,) = raw(shop, "reviews")["data"]
    approved = send(shop, f"reviews/{review['id']}/approve")
    assert (approved["open"], approved["closed_reason"], approved["reason"]) == (False, "approved", "approved")
    assert shop.events()[-1] == "review.closed"
    assert refusal(shop, f"reviews/{review['id']}/approve")[0] == 400
    assert raw(shop, "reviews")["data"] == []


@pytest.mark.parametrize(("form", "reason"), [({}, "refunded"), ({"reason": "fraudulent"}, "refunded_as_fraud")])
def test_a_whole_refund_closes_the_review(shop: Shop, form: dict[str, str], reason: str) -> None:
    charge = pay(shop, ELEVATED)
    send(shop, "refunds", charge=charge["id"], **form)
    assert raw(shop, f"reviews/{charge['review']}")["closed_reason"] == reason
    assert shop.events()[-1] == "review.closed"


def test_a_dispute_closes_the_review(shop: Shop) -> None:
    charge = pay(shop, ELEVATED)
    shop.control("POST", f"bank/{charge['id']}/dispute")
    assert raw(shop, f"reviews/{charge['review']}")["closed_reason"] == "disputed"


@pytest.mark.parametrize("end", ["lapse", "cancel"])
def test_a_released_authorisation_closes_the_review(shop: Shop, end: str) -> None:
    charge = pay(shop, ELEVATED, capture_method="manual")
    if end == "lapse":
        later(shop, 7 * DAY_S + 1)
    else:
        send(shop, f"payment_intents/{charge['payment_intent']}/cancel")
    assert raw(shop, f"reviews/{charge['review']}")["closed_reason"] == "canceled"


@pytest.mark.parametrize(("path", "param"), [("reviews/prv_x", "review"), (f"{WARNINGS}/x", "early_fraud_warning")])
def test_what_does_not_exist_is_named(shop: Shop, path: str, param: str) -> None:
    error = raw(shop, path)["error"]
    assert (error["code"], error["param"]) == ("resource_missing", param)
