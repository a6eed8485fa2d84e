"""VIVR: a self-hosted shop on Stripe. No cent is ever lost, doubled or unexplained."""
