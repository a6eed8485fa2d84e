"""What staff sees: orders, one order with everything that happened to it, and money that does not fit."""
