"""Keras at work: backend, compile, fit, callbacks, losses, weights, export."""
