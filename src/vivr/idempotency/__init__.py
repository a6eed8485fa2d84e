"""Our own idempotency: the same key and input give the first answer, and a crash in between is recovered."""
