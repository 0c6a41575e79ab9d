"""Checks of a dataset that need no picture."""
