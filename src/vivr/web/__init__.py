"""The shop over HTTP: parse, authenticate, call one use case, render. Nothing is decided here."""
