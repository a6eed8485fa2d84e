"""Checkout: one open way to pay per order, opened and closed only with Stripe's confirmation."""
