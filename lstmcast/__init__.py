"""Leak-free, baseline-checked LSTM forecasts from a CSV and a YAML."""

__version__ = "0.1.0"
