"""People: accounts, sessions, whom an order goes to, and where a request came from; all of it sealed and expiring."""
