"""The layouts that a release is exported into, one module each."""
