"""Errors as answers: statuses by code and by kind, and what a validation problem is called."""

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from vivr.errors import (
    Conflict,
    ConstraintViolated,
    Declined,
    Forbidden,
    InvalidInput,
    NotFound,
    Refusal,
    Unauthenticated,
    Unavailable,
    VivrError,
)
from vivr.web.error_table import ERRORS, status_and_sentence
from vivr.web.errors import as_vivr_error, field_sentence, sentence


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refusal("amount_below_minimum"), 422),
        (Conflict("price_changed"), 409),
        (ConstraintViolated("person_confirmed_email_once", "address_owned"), 409),
        (ConstraintViolated("order_line_pkey", "already_exists"), 500),
        (ConstraintViolated("orders_total_adds_up", "rule_broken"), 500),
        (Declined("unheard_of"), 402),
        (Conflict("unheard_of"), 409),
        (Refusal("unheard_of"), 422),
        (InvalidInput({"name": "required"}), 422),
        (NotFound("unheard_of"), 404),
        (Unauthenticated("unheard_of"), 401),
        (Forbidden("unheard_of"), 403),
        (Unavailable("unheard_of"), 503),
        (VivrError("unheard_of"), 500),
    ],
)
def test_a_code_has_a_status_and_an_unknown_one_that_of_its_kind(error: VivrError, status: int) -> None:
    assert status_and_sentence(error)[0] == status


def test_every_status_is_one_of_the_contract() -> None:
    statuses = {400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503}
    assert {status for status, _ in ERRORS.values()} == statuses


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "malformed"), (404, "not_found"), (405, "method_not_allowed"), (418, "malformed"), (507, "internal_error")],
)
def test_a_frameworks_refusal_has_a_code_of_ours(status: int, code: str) -> None:
    assert as_vivr_error(HTTPException(status)).code == code


def test_a_bug_says_nothing_of_itself() -> None:
    assert as_vivr_error(ValueError("secret")).code == "internal_error"


@pytest.mark.parametrize(
    ("problem", "fields"),
    [
        ({"type": "missing", "loc": ("body", "items", 0, "productId")}, {"items.0.productId": "required"}),
        (
            {"type": "int_type", "loc": ("body", "AsOrder", "items", 3, "quantity")},
            {"items.3.quantity": "whole_number_expected"},
        ),
        ({"type": "string_type", "loc": ("query", "cursor")}, {"cursor": "wrong_type"}),
        ({"type": "something_new", "loc": ("body", "x")}, {"x": "invalid"}),
        ({"type": "string_too_long", "loc": ("query", "cle")}, {"cle": "too_long"}),
    ],
)
def test_a_validation_problem_is_a_path_and_a_code(problem: dict[str, object], fields: dict[str, str]) -> None:
    error = as_vivr_error(RequestValidationError([problem]))
    assert isinstance(error, InvalidInput)
    assert error.fields == fields


@pytest.mark.parametrize(
    "problem", [{"type": "missing", "loc": ("body",)}, {"type": "json_invalid", "loc": ("body", 7)}]
)
def test_no_body_is_no_validation_problem(problem: dict[str, object]) -> None:
    assert as_vivr_error(RequestValidationError([problem])).code == "malformed"


def test_a_detail_that_is_missing_leaves_a_gap() -> None:
    assert sentence("The price of “{title}” has changed: it is {price} today.", "en", {"title": "Bowl"}) == (
        "The price of “Bowl” has changed: it is … today."
    )


def test_an_unknown_rule_of_a_field_has_a_sentence_too() -> None:
    assert field_sentence("unheard_of", "en") == "This value is not right."
    assert field_sentence("required", "fr") == "Ce champ est obligatoire."
