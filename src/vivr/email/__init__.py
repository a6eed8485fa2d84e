"""E-mails: at most one message per kind and subject, queued with the fact that it tells of."""
