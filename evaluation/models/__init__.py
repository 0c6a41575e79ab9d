"""Whatever gives a picture and a sentence a score: two-tower models, files of scores, blind baselines."""
