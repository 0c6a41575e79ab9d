"""Does a model tell who does what to whom? Benchmarks, models, metrics, and analyses of text encoders and corpora."""
