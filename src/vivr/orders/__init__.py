"""Orders: what a customer agreed to buy, and the states that it passes through."""
