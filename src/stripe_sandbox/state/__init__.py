"""Where the sandbox keeps everything: one SQLite file, written in one transaction per request."""
