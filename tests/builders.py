"""Small seeded frames for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def hourly_frame(n_rows: int = 48, *, start: str = "2024-01-01", seed: int = 0) -> pd.DataFrame:
    """One series: `time`, `y` and a covariate `x`."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "time": pd.date_range(start, periods=n_rows, freq="h"),
            "y": rng.normal(size=n_rows),
            "x": rng.normal(size=n_rows),
        }
    )


def panel_frame(lengths: dict[str, int], *, freq: str = "D", seed: int = 0) -> pd.DataFrame:
    """Several series in long form: `time`, `id`, `y`, `x`; each begins at the same time."""
    rng = np.random.default_rng(seed)
    pieces = [
        pd.DataFrame(
            {
                "time": pd.date_range("2024-01-01", periods=n_rows, freq=freq),
                "id": name,
                "y": rng.normal(size=n_rows),
                "x": rng.normal(size=n_rows),
            }
        )
        for name, n_rows in lengths.items()
    ]
    return pd.concat(pieces, ignore_index=True)


def write_text(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """A file with this text, line ends as they are."""
    path.write_bytes(text.encode(encoding))
    return path


def weekly_cycle(n_rows: int = 160, *, seed: int = 0) -> pd.DataFrame:
    """One daily series with a season of seven days and some noise: `day`, `y`."""
    rng = np.random.default_rng(seed)
    steps = np.arange(n_rows)
    values = 10 + np.sin(steps * 2 * np.pi / 7) + rng.normal(scale=0.1, size=n_rows)
    days = pd.date_range("2024-01-01", periods=n_rows, freq="D").strftime("%Y-%m-%d")
    return pd.DataFrame({"day": days, "y": values.round(3)})


def symbols(n_rows: int = 120, *, pattern: str = "abac") -> pd.DataFrame:
    """One hourly series of symbols that repeat: `time`, `symbol`."""
    times = pd.date_range("2024-01-01", periods=n_rows, freq="h")
    return pd.DataFrame(
        {"time": times, "symbol": [pattern[i % len(pattern)] for i in range(n_rows)]}
    )
