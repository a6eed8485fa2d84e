"""Disputes: money that a bank takes back, fraud warnings and reviews, from Stripe's own word to the shop's answer."""
