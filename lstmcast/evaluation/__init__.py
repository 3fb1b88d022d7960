"""How good a forecast is, in numpy alone: metrics, baselines, scoring, diagnostics."""
