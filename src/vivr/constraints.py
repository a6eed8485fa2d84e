"""What a broken database constraint means to a caller: one table by name, then the naming rule.

Constraints are named for what they promise, so most of them need no line of their own: ``_once`` and ``_pkey`` promise
uniqueness, ``_exists`` a reference, ``_append_only`` that nothing is rewritten, and the rest a rule of one row.
"""

from typing import Final

_OWN_CODES: Final = {
    "person_confirmed_email_once": "address_owned",
    "product_sku_once": "sku_taken",
    "cart_line_product_exists": "product_not_found",
    "product_reserved_within_stock": "insufficient_stock",
    "payment_open_once": "payment_in_progress",
    "payment_settles_once": "order_already_paid",
    "operation_running_once": "operation_in_progress",
    "operation_succeeded_once": "operation_already_done",
    "ledger_entry_balanced": "entry_unbalanced",
    "ledger_posting_balanced": "entry_unbalanced",
    "money_exception_once": "exception_already_recorded",
    "refunded_line_restocked_once": "restocked_already",
    "dispute_file_once_in_slot": "already_exists",
}

_SUFFIX_CODES: Final = (
    ("_append_only", "append_only"),
    ("_pkey", "already_exists"),
    ("_once", "already_exists"),
    ("_idx", "already_exists"),
    ("_unique_count", "already_exists"),
    ("_dedupe_key", "already_exists"),
    ("_key", "already_exists"),
    ("_exists", "reference_missing"),
)


def error_code_of(constraint: str) -> str:
    """The error code for a constraint's name."""
    own = _OWN_CODES.get(constraint)
    if own is not None:
        return own
    return next((code for suffix, code in _SUFFIX_CODES if constraint.endswith(suffix)), "rule_broken")
