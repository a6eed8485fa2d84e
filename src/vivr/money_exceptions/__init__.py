"""Money that does not fit: recorded once per Stripe object, explained, and held until somebody resolves it."""
