"""What the user asked for: the fields and their defaults, loading, overrides, hints."""
