"""Searches: the same experiment with other fields of its config, and the best of them."""

from lstmcast.tuning.search import Found, search

__all__ = ["Found", "search"]
