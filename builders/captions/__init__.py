"""Writers that put a claim into sentences."""
