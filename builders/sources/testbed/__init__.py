"""The testbed: rows of ten cells with one or two things in them, to study how left and right are learnt."""
