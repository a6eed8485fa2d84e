"""The JSON API: one file per feature; each parses, authenticates, calls one use case and renders."""
