"""Refunds: money given back, reserved before Stripe is asked, booked once, and booked back if it fails."""
