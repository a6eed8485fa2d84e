"""Resolutions: how money that does not fit is given back, accepted or acknowledged, by click, command or rule."""
