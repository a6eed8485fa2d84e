"""What each error code means to a client of the web: an HTTP status and a sentence, in one table.

A sentence is an English gettext key of the domain ``vivr``; ``{names}`` in it are details of the error, amounts shown
in the reader's language. A code that is missing here is answered by its kind alone.
"""

from typing import Final

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

ERRORS: Final[dict[str, tuple[int, str]]] = {
    # The request itself
    "malformed": (400, "The request can't be read: a JSON object in UTF-8 is expected."),
    "form_malformed": (400, "The form can't be read."),
    "host_not_allowed": (400, "The shop does not answer under this address."),
    "idempotency_key_malformed": (400, "An Idempotency-Key has 1 to 255 visible ASCII characters."),
    "idempotency_needs_session": (400, "An Idempotency-Key needs a session: ask GET /api/auth/me for one first."),
    "unauthenticated": (401, "Please log in first."),
    "wrong_credentials": (401, "The e-mail address or the password is wrong."),
    "origin_not_allowed": (403, "The request does not come from a page of this shop."),
    "form_expired": (403, "The form is too old: please send it again."),
    "forbidden": (403, "You are not allowed to do this."),
    "not_found": (404, "There is nothing at this address."),
    "method_not_allowed": (405, "This address does not take that method."),
    "request_timeout": (408, "The request took too long to arrive."),
    "body_too_large": (413, "The request is too large."),
    "unsupported_media_type": (415, "The body must be JSON, sent as application/json."),
    "validation_failed": (422, "Some fields are not right."),
    "idempotency_key_reused": (422, "This Idempotency-Key was used for another request; these differ: {differing}."),
    "request_in_flight": (409, "The same request is still being worked on."),
    # Accounts
    "address_owned": (409, "Another account has this e-mail address already."),
    "link_expired": (404, "This link was used already or is too old: please ask for a new one."),
    "address_not_found": (404, "There is no such address."),
    "address_book_full": (409, "The address book is full: {limit} addresses at most."),
    # The catalogue and the basket
    "product_not_found": (404, "This product is not sold here."),
    "price_changed": (409, "The price of “{title}” has changed: it is {price} today."),
    "insufficient_stock": (409, "Not enough of “{title}” is left: {available} available."),
    "cart_full": (409, "The basket is full: 99 different products and 1000 units at most."),
    "items_changed": (409, "The items are not those of the order."),
    # Orders
    "order_not_found": (404, "There is no such order."),
    "order_already_paid": (409, "This order is paid already."),
    "order_cancelled": (409, "This order was cancelled."),
    "order_too_old": (409, "This order is too old to be paid: please place it again."),
    "amount_below_minimum": (422, "The total is below the smallest amount that can be paid, {minimum}."),
    "amount_above_maximum": (422, "The total is above the largest amount that can be paid, {maximum}."),
    "amount_not_whole": (422, "This amount can't be charged in its currency."),
    # Payments
    "payment_in_progress": (409, "A payment of this order is in progress."),
    "payment_busy": (409, "This payment is being looked at: please try again in a moment."),
    "payment_not_found": (404, "There is no such payment."),
    "payment_not_recorded_yet": (409, "The payment is not recorded yet: please try again in a moment."),
    "payment_refused": (422, "The payment service refused this payment."),
    "checkout_being_made": (409, "The payment page is being made: please try again in a moment."),
    "checkout_busy": (409, "The payment page is being made: please try again in a moment."),
    "too_many_sessions": (409, "This order was tried too often: please place it again."),
    "operation_in_progress": (409, "The same operation is in progress: please try again in a moment."),
    "operation_already_done": (409, "This was done already."),
    "payment_not_authorized": (409, "This order has no authorised money that could be captured."),
    "order_on_hold": (409, "This order is on hold: nothing can be captured before that is settled."),
    "nothing_to_capture": (422, "No item would be left: release the money instead."),
    "capture_refused": (422, "The payment service refused the capture; the order stands as before."),
    "card_declined": (402, "The bank declined the payment."),
    # A problem of the shop's own key: logged, audited and counted, and nobody's business who wants to pay.
    "payment_misconfigured": (500, "Something went wrong on our side: please try again in a moment."),
    # Refunds
    "exception_not_found": (404, "There is no such money exception."),
    "exception_resolved": (409, "Somebody has resolved this already."),
    "exception_being_resolved": (409, "This money is being given back already."),
    "exception_nothing_held": (409, "This exception holds no money: it can only be acknowledged."),
    "exception_money_held": (409, "Money is held here: give it back or accept it, so that it goes somewhere."),
    "accept_not_captured": (409, "The money is only authorised: it can be released, not accepted."),
    "accept_partly_returned": (
        409,
        "Some of this money was given back, is asked back or is disputed, so it pays no whole order any more.",
    ),
    "accept_order_settled": (409, "The order is paid already: this money can only go back."),
    "accept_twice": (409, "The order is paid by another payment: the second one can only go back."),
    "accept_unknown_order": (
        409,
        "No order is known for this money: look for its owner, then give it back.",
    ),
    "accept_wrong_amount": (
        409,
        "The sum is not the order's, whose prices and VAT are fixed: give it back and let the customer pay anew.",
    ),
    "accept_wrong_currency": (
        409,
        "The currency is not the order's, whose prices are fixed: give it back and let the customer pay anew.",
    ),
    "accept_wrong_mode": (409, "Test money pays no real order, nor the other way round: it can only go back."),
    "refund_not_found": (404, "There is no such refund."),
    "payment_not_captured": (409, "Nothing was paid that could be refunded."),
    "payment_disputed": (409, "The bank disputes this payment: nothing can be refunded before that is settled."),
    "refund_nothing_left": (409, "Everything was refunded already, or is about to be."),
    "refund_over_remaining": (422, "More than can still be refunded: {remaining} is left."),
    "refund_refused": (422, "The payment service refused this refund; nothing was given back."),
    "refund_in_progress": (409, "A refund of this payment is on its way: please try again in a moment."),
    "too_many_refund_requests": (409, "Several refunds were asked for already: please wait until they are decided."),
    "refund_already_decided": (409, "This refund was decided already."),
    "refund_changed": (409, "What is left has changed since this was asked for: please ask anew."),
    "refund_needs_another": (409, "A refund of this amount needs the word of another person."),
    "refund_needs_approver": (403, "A refund of this amount needs the word of an approver."),
    # The inbox
    "event_not_found": (404, "There is no such event."),
    "event_not_handled": (409, "Nothing in this shop follows from events of this type."),
    "event_in_progress": (409, "The worker has this event at this moment: please try again."),
    "event_already_ended": (409, "This event has ended already."),
    # Disputes
    "dispute_not_found": (404, "There is no such dispute."),
    "dispute_not_open": (409, "This dispute waits for no answer."),
    "evidence_already_submitted": (409, "The evidence was sent to the bank already; it takes none twice."),
    "dispute_refused": (422, "The payment service refused this answer; nothing was sent to the bank."),
    "evidence_file_not_found": (404, "There is no file in this place."),
    "evidence_file_on_its_way": (
        409,
        "A file is still on its way: nothing was sent to the bank. Try again in a minute.",
    ),
    "evidence_file_refused": (422, "The payment service refused this file."),
    "evidence_empty": (422, "Choose a file first."),
    "evidence_kind": (422, "The bank takes PDF, JPEG and PNG files."),
    "evidence_unreadable": (422, "This file can't be read: it is damaged or locked by a password."),
    "evidence_too_large": (422, "All files of a dispute together may have {megabytes} MB."),
    "evidence_too_long": (422, "All files of a dispute together may have {pages} pages."),
    "flag_not_found": (404, "There is no such warning."),
    "flag_already_decided": (409, "This warning was decided already."),
    "hold_already_released": (409, "The order is not held by this any more."),
    # The ground
    "already_exists": (409, "This exists already."),
    "database_unavailable": (503, "The shop can't be reached for a moment: please try again."),
    "stripe_unavailable": (503, "The payment service can't be reached for a moment: please try again."),
    "unavailable": (503, "The shop can't be reached for a moment: please try again."),
    "migrations_pending": (503, "The shop is being prepared: its database is not up to date."),
    "too_many_declines": (429, "Too many payments were declined: please wait before you try again, or ask us."),
    "rate_limited": (429, "Too many requests: please wait a moment."),
    "internal_error": (
        500,
        "Something went wrong on our side: please try again in a moment.",
    ),
}
"""Error code -> HTTP status and sentence."""

FIELDS: Final[dict[str, str]] = {
    "required": "This field is required.",
    "wrong_type": "This is not of the expected kind.",
    "whole_number_expected": "A whole number is expected.",
    "invalid": "This value is not right.",
    "too_long": "This is too long.",
    "control_characters": "Characters that can't be printed are not allowed.",
    "email_malformed": "This is not an e-mail address.",
    "password_too_short": "A password has at least 10 characters.",
    "password_too_long": "A password has at most 256 characters.",
    "password_guessable": "The password must not be made of your own name or address, or of the name of the shop.",
    "password_common": "This password is soon guessed: three or four words that have nothing to do with each other are "
    "better.",
    "password_wrong": "The password is wrong.",
    "country_unknown": "A country is written with two letters, such as FR.",
    "country_not_served": "We don't ship to this country.",
    "currency_not_offered": "The shop does not sell in this currency.",
    "shipping_option_unknown": "There is no such way of shipping.",
    "promotion_code_unknown": "This promotion code is not valid.",
    "price_malformed": "A price is a decimal number, such as 24.90.",
    "quantity_out_of_range": "A quantity is a whole number from 1 to 1000.",
    "product_not_found": "This product is not sold here.",
    "product_twice": "The same product stands in two lines.",
    "too_many_lines": "At most 99 different products fit into one order.",
    "too_many_units": "At most 1000 units fit into one order.",
    "cursor_malformed": "This is not a place in the list.",
    "out_of_range": "This number is out of range.",
    "amount_or_items": "Name an amount, or items and shipping, not both.",
    "amount_malformed": "An amount is a decimal number, such as 24.90.",
    "product_not_in_order": "This product is not in the order.",
    "quantity_over_rest": "More than can still be given back.",
    "nothing_left": "Nothing of this is left to give back.",
    "role_unknown": "There is no such role.",
}
"""Code of a field's rule -> sentence, for forms."""

_KINDS: Final[tuple[tuple[type[VivrError], int, str], ...]] = (
    (Declined, 402, "card_declined"),
    (Conflict, 409, "already_exists"),
    (Refusal, 422, "validation_failed"),
    (InvalidInput, 422, "validation_failed"),
    (NotFound, 404, "not_found"),
    (Unauthenticated, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (Unavailable, 503, "unavailable"),
)


def status_and_sentence(error: VivrError) -> tuple[int, str]:
    """The status and the gettext key for an error.

    A constraint that no rule foresaw is our fault (500), unless its code is one that clients know.
    """
    known = ERRORS.get(error.code)
    if known is not None and not (isinstance(error, ConstraintViolated) and error.code == "already_exists"):
        return known
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            return status, ERRORS[code][1]
    return ERRORS["internal_error"]
