"""The table of Stripe's routes in this sandbox: method, path, parameters, function."""

import re
from dataclasses import dataclass
from functools import cached_property

from stripe_sandbox import listeners
from stripe_sandbox.call import Handler
from stripe_sandbox.params import accounts, catalogue, checkout, delivery_and_taxes, official, payments
from stripe_sandbox.params import invoices as invoice_params
from stripe_sandbox.params.basic import NOTHING
from stripe_sandbox.resources import account as account_api
from stripe_sandbox.resources import attached_methods as kept
from stripe_sandbox.resources import (
    balance_transactions,
    charges,
    checkout_sessions,
    coupons,
    customers,
    disputes,
    events_api,
    files,
    invoices,
    mandates,
    payment_intents,
    payment_methods,
    payment_pages,
    payouts,
    products,
    radar,
    refunds,
    setup_intents,
    shipping_rates,
    tax_rates,
    webhook_endpoints,
)
from stripe_sandbox.wire.schema import Shape


@dataclass(frozen=True)
class Route:
    """One route; `{id}` in its pattern stands for one path segment."""

    method: str
    pattern: str
    params: Shape
    handler: Handler

    @property
    def name(self) -> str:
        """How tallies and faults call it, such as `POST /v1/refunds`."""
        return f"{self.method} {self.pattern}"

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """What its paths look like."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern))


_SESSIONS = "/v1/checkout/sessions"
_INTENTS = "/v1/payment_intents"
_WARNINGS = "/v1/radar/early_fraud_warnings"
_SETUPS = "/v1/setup_intents"
_METHODS = "/v1/payment_methods"
_SHIPPING = "/v1/shipping_rates"
_ENDPOINTS = "/v1/webhook_endpoints"

ROUTES = (
    Route("GET", "/v1/account", NOTHING, account_api.retrieve_account),
    Route("POST", "/v1/customers", accounts.CREATE_CUSTOMER, customers.create_customer),
    Route("GET", "/v1/customers", accounts.LIST_CUSTOMERS, customers.list_customers),
    Route("GET", "/v1/customers/search", accounts.SEARCH, customers.search_customers),
    Route("GET", "/v1/customers/{id}", NOTHING, customers.retrieve_customer),
    Route("POST", "/v1/customers/{id}", accounts.UPDATE_CUSTOMER, customers.update_customer),
    Route("DELETE", "/v1/customers/{id}", NOTHING, customers.delete_customer),
    Route("POST", _SESSIONS, checkout.CREATE_SESSION, checkout_sessions.create_session),
    Route("GET", _SESSIONS, checkout.LIST_SESSIONS, checkout_sessions.list_sessions),
    Route("GET", _SESSIONS + "/{id}", NOTHING, checkout_sessions.retrieve_session),
    Route("POST", _SESSIONS + "/{id}", checkout.UPDATE_SESSION, checkout_sessions.update_session),
    Route("POST", _SESSIONS + "/{id}/expire", NOTHING, checkout_sessions.expire),
    Route("GET", _SESSIONS + "/{id}/line_items", checkout.LIST_LINE_ITEMS, checkout_sessions.list_line_items),
    Route("POST", _INTENTS, payments.CREATE_INTENT, payment_intents.create_intent),
    Route("GET", _INTENTS, payments.LIST_INTENTS, payment_intents.list_intents),
    Route("GET", _INTENTS + "/search", accounts.SEARCH, payment_intents.search_intents),
    Route("GET", _INTENTS + "/{id}", payments.RETRIEVE_BY_BUYER, payment_intents.retrieve_intent),
    Route("POST", _INTENTS + "/{id}", payments.UPDATE_INTENT, payment_intents.update_intent),
    Route("POST", _INTENTS + "/{id}/confirm", payments.CONFIRM_INTENT, payment_intents.confirm),
    Route("POST", _INTENTS + "/{id}/cancel", payments.CANCEL_INTENT, payment_intents.cancel),
    Route("POST", _INTENTS + "/{id}/capture", payments.CAPTURE_INTENT, payment_intents.capture),
    Route("GET", "/v1/charges", payments.LIST_CHARGES, charges.list_charges),
    Route("GET", "/v1/charges/{id}", NOTHING, charges.retrieve_charge),
    Route("POST", "/v1/charges/{id}", payments.UPDATE_CHARGE, charges.update_charge),
    Route("GET", "/v1/charges/{id}/refunds", payments.LIST_CHARGE_REFUNDS, refunds.list_charge_refunds),
    Route("POST", "/v1/refunds", payments.CREATE_REFUND, refunds.create_refund),
    Route("GET", "/v1/refunds", payments.LIST_REFUNDS, refunds.list_refunds),
    Route("GET", "/v1/refunds/{id}", NOTHING, refunds.retrieve_refund),
    Route("POST", "/v1/refunds/{id}", payments.UPDATE_REFUND, refunds.update_refund),
    Route("POST", "/v1/refunds/{id}/cancel", NOTHING, refunds.cancel_refund),
    Route("GET", "/v1/disputes", payments.LIST_BY_PAYMENT, disputes.list_disputes),
    Route("GET", "/v1/disputes/{id}", NOTHING, disputes.retrieve_dispute),
    Route("POST", "/v1/disputes/{id}", payments.UPDATE_DISPUTE, disputes.update_dispute),
    Route("POST", "/v1/disputes/{id}/close", NOTHING, disputes.close_dispute),
    Route("POST", "/v1/files", payments.CREATE_FILE, files.create_file),
    Route("GET", "/v1/files", payments.LIST_FILES, files.list_files),
    Route("GET", "/v1/files/{id}", NOTHING, files.retrieve_file),
    Route("GET", _WARNINGS, payments.LIST_BY_PAYMENT, radar.list_warnings),
    Route("GET", _WARNINGS + "/{id}", NOTHING, radar.retrieve_warning),
    Route("GET", "/v1/reviews", payments.LIST_BY_TIME, radar.list_reviews),
    Route("GET", "/v1/reviews/{id}", NOTHING, radar.retrieve_review),
    Route("POST", "/v1/reviews/{id}/approve", NOTHING, radar.approve_review),
    Route("GET", "/v1/balance", NOTHING, payouts.retrieve_balance),
    Route("POST", "/v1/payouts", payments.CREATE_PAYOUT, payouts.create_payout),
    Route("GET", "/v1/payouts", payments.LIST_PAYOUTS, payouts.list_payouts),
    Route("GET", "/v1/payouts/{id}", NOTHING, payouts.retrieve_payout),
    Route("POST", "/v1/payouts/{id}", payments.UPDATE_REFUND, payouts.update_payout),
    Route("POST", "/v1/payouts/{id}/cancel", NOTHING, payouts.cancel),
    Route("GET", "/v1/balance_transactions", payments.LIST_BALANCE, balance_transactions.list_balance_transactions),
    Route("GET", "/v1/balance_transactions/{id}", NOTHING, balance_transactions.retrieve_balance_transaction),
    Route("GET", "/v1/customers/{id}/payment_methods", catalogue.LIST_CUSTOMERS_METHODS, kept.list_customers_methods),
    Route("GET", "/v1/customers/{id}/payment_methods/{method}", NOTHING, kept.retrieve_customers_method),
    Route("POST", _METHODS, catalogue.CREATE_METHOD, kept.create_method),
    Route("GET", _METHODS, catalogue.LIST_METHODS, kept.list_methods),
    Route("POST", _METHODS + "/{id}", catalogue.UPDATE_METHOD, kept.update_method),
    Route("POST", _METHODS + "/{id}/attach", catalogue.ATTACH_METHOD, kept.attach_method),
    Route("POST", _METHODS + "/{id}/detach", NOTHING, kept.detach_method),
    Route("POST", _SETUPS, payments.CREATE_SETUP, setup_intents.create_setup),
    Route("GET", _SETUPS, payments.LIST_SETUPS, setup_intents.list_setups),
    Route("GET", _SETUPS + "/{id}", payments.RETRIEVE_BY_BUYER, setup_intents.retrieve_setup),
    Route("POST", _SETUPS + "/{id}", payments.UPDATE_SETUP, setup_intents.update_setup),
    Route("POST", _SETUPS + "/{id}/confirm", payments.CONFIRM_SETUP, setup_intents.confirm),
    Route("POST", _SETUPS + "/{id}/cancel", payments.CANCEL_SETUP, setup_intents.cancel),
    Route("POST", "/v1/coupons", catalogue.CREATE_COUPON, coupons.create_coupon),
    Route("GET", "/v1/coupons", catalogue.LIST_COUPONS, coupons.list_coupons),
    Route("GET", "/v1/coupons/{id}", NOTHING, coupons.retrieve_coupon),
    Route("POST", "/v1/coupons/{id}", catalogue.UPDATE_COUPON, coupons.update_coupon),
    Route("DELETE", "/v1/coupons/{id}", NOTHING, coupons.delete_coupon),
    Route("POST", "/v1/promotion_codes", catalogue.CREATE_CODE, coupons.create_code),
    Route("GET", "/v1/promotion_codes", catalogue.LIST_CODES, coupons.list_codes),
    Route("GET", "/v1/promotion_codes/{id}", NOTHING, coupons.retrieve_code),
    Route("POST", "/v1/promotion_codes/{id}", catalogue.UPDATE_CODE, coupons.update_code),
    Route("GET", "/v1/invoices", invoice_params.LIST_INVOICES, invoices.list_invoices),
    Route("GET", "/v1/invoices/{id}", NOTHING, invoices.retrieve_invoice),
    Route("GET", "/v1/invoices/{id}/lines", invoice_params.LIST_INVOICE_LINES, invoices.list_lines),
    Route("GET", "/v1/invoice_payments", invoice_params.LIST_INVOICE_PAYMENTS, invoices.list_invoice_payments),
    Route("GET", "/v1/invoice_payments/{id}", NOTHING, invoices.retrieve_invoice_payment),
    Route("POST", _SHIPPING, delivery_and_taxes.CREATE_SHIPPING_RATE, shipping_rates.create_shipping_rate),
    Route("GET", _SHIPPING, delivery_and_taxes.LIST_SHIPPING_RATES, shipping_rates.list_shipping_rates),
    Route("GET", _SHIPPING + "/{id}", NOTHING, shipping_rates.retrieve_shipping_rate),
    Route("POST", _SHIPPING + "/{id}", delivery_and_taxes.UPDATE_SHIPPING_RATE, shipping_rates.update_shipping_rate),
    Route("POST", "/v1/tax_rates", delivery_and_taxes.CREATE_TAX_RATE, tax_rates.create_tax_rate),
    Route("GET", "/v1/tax_rates", delivery_and_taxes.LIST_TAX_RATES, tax_rates.list_tax_rates),
    Route("GET", "/v1/tax_rates/{id}", NOTHING, tax_rates.retrieve_tax_rate),
    Route("POST", "/v1/tax_rates/{id}", delivery_and_taxes.UPDATE_TAX_RATE, tax_rates.update_tax_rate),
    Route("POST", "/v1/products", catalogue.CREATE_PRODUCT, products.create_product),
    Route("GET", "/v1/products", catalogue.LIST_PRODUCTS, products.list_products),
    Route("GET", "/v1/products/{id}", NOTHING, products.retrieve_product),
    Route("POST", "/v1/products/{id}", catalogue.UPDATE_PRODUCT, products.update_product),
    Route("DELETE", "/v1/products/{id}", NOTHING, products.delete_product),
    Route("POST", "/v1/prices", catalogue.CREATE_PRICE, products.create_price),
    Route("GET", "/v1/prices", catalogue.LIST_PRICES, products.list_prices),
    Route("GET", "/v1/prices/{id}", NOTHING, products.retrieve_price),
    Route("POST", "/v1/prices/{id}", catalogue.UPDATE_PRICE, products.update_price),
    Route("GET", _METHODS + "/{id}", NOTHING, payment_methods.retrieve_payment_method),
    Route("GET", "/v1/events", accounts.LIST_EVENTS, events_api.list_events),
    Route("GET", "/v1/events/{id}", NOTHING, events_api.retrieve_event),
    Route("POST", "/v1/events/{id}/retry", accounts.RETRY_EVENT, events_api.retry_event),
    Route("POST", _ENDPOINTS, accounts.CREATE_ENDPOINT, webhook_endpoints.create_endpoint),
    Route("GET", _ENDPOINTS, accounts.LIST_ENDPOINTS, webhook_endpoints.list_endpoints),
    Route("GET", _ENDPOINTS + "/{id}", NOTHING, webhook_endpoints.retrieve_endpoint),
    Route("POST", _ENDPOINTS + "/{id}", accounts.UPDATE_ENDPOINT, webhook_endpoints.update_endpoint),
    Route("DELETE", _ENDPOINTS + "/{id}", NOTHING, webhook_endpoints.delete_endpoint),
    Route("POST", "/v1/stripecli/sessions", official.CREATE_LISTENER, listeners.create_listener),
    Route("GET", "/v1/mandates/{id}", NOTHING, mandates.retrieve_mandate),
    Route("GET", "/v1/payment_pages/{id}", NOTHING, payment_pages.retrieve_page),
    Route("POST", "/v1/payment_pages/{id}/confirm", official.CONFIRM_PAGE, payment_pages.confirm_page),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a call and the values in its path."""
    for route in ROUTES:
        if route.method == method and (match := route.expression.fullmatch(path)):
            return route, match.groupdict()
    return None
