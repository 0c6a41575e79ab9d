"""Benchmarks in their official file layouts, one module each; all become `Questions`."""
