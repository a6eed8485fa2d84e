"""The audit trail: who did what to which object, with which outcome; append-only, sealed into a hash chain."""
