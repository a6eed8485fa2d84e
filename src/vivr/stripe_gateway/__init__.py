"""The only package that imports the Stripe SDK: requests as documents, answers as values, objects as we read them."""
