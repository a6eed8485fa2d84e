"""The invariants of money: what must hold of orders, payments and books, as questions that list what breaks it."""
