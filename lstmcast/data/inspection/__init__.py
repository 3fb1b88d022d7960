"""A look at an unknown file: what a config for it would say."""
