"""Metrics as their papers define them: pure functions of score matrices."""
