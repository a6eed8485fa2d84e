"""The inbox: signed events are stored before they are acknowledged, and processed from Stripe's own word."""
