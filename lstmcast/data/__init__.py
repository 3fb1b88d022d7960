"""A file becomes windows: reading, panel, splitting, cleaning, features, scaling, windows."""
