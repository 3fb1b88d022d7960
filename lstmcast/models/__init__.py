"""One file for each architecture, the blocks and heads that they share, and their registry.

Keras is imported inside the builders only: the parameters are part of the config, and reading a
config must stay light.
"""
