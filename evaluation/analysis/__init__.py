"""Analyses without a benchmark: what a text encoder tells apart, and what caption corpora could teach it."""
