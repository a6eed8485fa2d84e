"""Every Stripe write: stored before it is sent, sent as stored, and its outcome never guessed."""
