"""Ids: typed, prefixed, sortable by their time of making, and unguessable.

An id is its kind's prefix, an underscore, and 26 characters of Crockford's base 32: 48 bits of milliseconds, then 80
random bits (the layout of a ULID, https://github.com/ulid/spec), in lower case.
"""

import secrets
from datetime import datetime
from typing import Final, NewType

OrderId = NewType("OrderId", str)
PaymentId = NewType("PaymentId", str)
OperationId = NewType("OperationId", str)
ProductId = NewType("ProductId", str)
PersonId = NewType("PersonId", str)
SessionId = NewType("SessionId", str)
RequestId = NewType("RequestId", str)
OriginId = NewType("OriginId", str)
EntryId = NewType("EntryId", str)
ExceptionId = NewType("ExceptionId", str)
MessageId = NewType("MessageId", str)
RefundId = NewType("RefundId", str)
DisputeId = NewType("DisputeId", str)
FlagId = NewType("FlagId", str)
HoldId = NewType("HoldId", str)
AccountMailId = NewType("AccountMailId", str)
SavedAddressId = NewType("SavedAddressId", str)

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_PLACES: Final = tuple(range(120, -1, -10))
_RANDOM_BITS: Final = 80


def _sortable(at: datetime) -> str:
    # Two characters at a time: every request, accepted webhook and refused one gets an id.
    value = (int(at.timestamp() * 1000) << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    return "".join([_PAIRS[(value >> place) & 1023] for place in _PLACES])


def new_order_id(at: datetime) -> OrderId:
    """An id for an order made at ``at``."""
    return OrderId(f"ord_{_sortable(at)}")


def new_payment_id(at: datetime) -> PaymentId:
    """An id for a payment."""
    return PaymentId(f"pay_{_sortable(at)}")


def new_operation_id(at: datetime) -> OperationId:
    """An id for an intended Stripe write."""
    return OperationId(f"opr_{_sortable(at)}")


def new_product_id(at: datetime) -> ProductId:
    """An id for a sellable unit."""
    return ProductId(f"prd_{_sortable(at)}")


def new_person_id(at: datetime) -> PersonId:
    """An id for a customer's or a staff member's account."""
    return PersonId(f"per_{_sortable(at)}")


def new_session_id(at: datetime) -> SessionId:
    """An id for a browser session; the secret token is another thing."""
    return SessionId(f"ses_{_sortable(at)}")


def new_request_id(at: datetime) -> RequestId:
    """An id for one request or one run of a background step."""
    return RequestId(f"req_{_sortable(at)}")


def new_origin_id(at: datetime) -> OriginId:
    """An id for where a request came from."""
    return OriginId(f"org_{_sortable(at)}")


def new_entry_id(at: datetime) -> EntryId:
    """An id for a ledger entry."""
    return EntryId(f"ent_{_sortable(at)}")


def new_exception_id(at: datetime) -> ExceptionId:
    """An id for a money exception."""
    return ExceptionId(f"exc_{_sortable(at)}")


def new_message_id(at: datetime) -> MessageId:
    """An id for an e-mail message."""
    return MessageId(f"msg_{_sortable(at)}")


def new_refund_id(at: datetime) -> RefundId:
    """An id for a refund."""
    return RefundId(f"rfd_{_sortable(at)}")


def new_dispute_id(at: datetime) -> DisputeId:
    """An id for a dispute, which has Stripe's too."""
    return DisputeId(f"dsp_{_sortable(at)}")


def new_flag_id(at: datetime) -> FlagId:
    """An id for a fraud warning or a review, which has Stripe's too."""
    return FlagId(f"flg_{_sortable(at)}")


def new_hold_id(at: datetime) -> HoldId:
    """An id for a hold on an order."""
    return HoldId(f"hld_{_sortable(at)}")


def new_account_mail_id(at: datetime) -> AccountMailId:
    """An id for a mail about an account; the secret of its link is another thing."""
    return AccountMailId(f"aml_{_sortable(at)}")


def new_saved_address_id(at: datetime) -> SavedAddressId:
    """An id for an address in somebody's address book."""
    return SavedAddressId(f"adr_{_sortable(at)}")
