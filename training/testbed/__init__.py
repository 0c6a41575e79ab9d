"""The left-right testbed: two small transformers learn rows of ten cells and sentences about them."""
