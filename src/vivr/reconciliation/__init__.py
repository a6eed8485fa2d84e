"""Reconciliation: what Stripe's balance did, read by list, posted once, and compared with the books."""
