"""Payments: attempts to collect an order's payable total, settled only by Stripe's own word."""
