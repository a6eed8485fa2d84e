"""The background process: it decides nothing, it calls one use case after another."""
