"""Plots and the report of a run."""
