"""Times: parsed, in their zone, on the grid of a frequency."""
