"""The command line: one file per feature, no decisions. ``main`` mounts them all."""
