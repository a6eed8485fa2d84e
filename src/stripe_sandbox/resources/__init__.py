"""One file per Stripe resource: the shape of its object and the functions of its routes."""
