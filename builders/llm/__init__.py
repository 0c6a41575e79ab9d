"""Language models: requests, a cache of answers that are paid once, four engines, and a meter for the money."""
