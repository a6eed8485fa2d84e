"""Stripe's wire: form bodies, parameter shapes, errors, lists, expansion and idempotency. Knows no resource."""
