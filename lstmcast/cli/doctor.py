"""x."""
def doctor() -> None:
    """X."""
