"""Figures of scores as the papers define them, in numpy, and their bootstrap intervals."""
