"""Versioned prompts and their loader."""
