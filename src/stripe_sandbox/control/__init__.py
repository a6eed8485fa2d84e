"""What Stripe does not have: time, faults, the bank's answers, snapshots and counters, under `/_sandbox/`, per key."""
