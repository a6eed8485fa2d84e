"""Double entry: every movement of money once, balanced per currency, never changed."""
