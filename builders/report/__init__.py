"""The quality report: one HTML page on a release."""
