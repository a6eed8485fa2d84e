"""The parameters of each route, as tables: what exists, what is required, what Stripe has and this sandbox has not."""
