"""The basket: what a guest or a customer means to buy, before it is an order."""
