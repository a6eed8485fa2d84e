"""What buyers see: catalogue, product, basket, checkout, confirmation, order, account."""
