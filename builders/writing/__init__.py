"""The captions of a build: written by the grammar or by a language model, checked, and asked for again."""
