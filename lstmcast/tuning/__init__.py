"""Searches: the same experiment with other fields of its config, and the best of them."""
