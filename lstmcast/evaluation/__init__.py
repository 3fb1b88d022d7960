"""How good a forecast is, and whether it is better than another: metrics, baselines, tests."""
