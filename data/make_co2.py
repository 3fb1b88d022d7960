"""Writes `co2_weekly.csv`: the weekly Mauna Loa CO2 series that statsmodels carries.

    pip install statsmodels
    python data/make_co2.py [OUTPUT]

Nothing is changed but the layout of the date: weeks without a measurement stay as empty cells.
"""

from __future__ import annotations

import sys
from pathlib import Path

from statsmodels.datasets import co2

OUTPUT = Path(__file__).with_name("co2_weekly.csv")


def write(output: Path) -> None:
    """Write the series as `date,co2`: Saturdays, parts per million by volume, one decimal."""
    series = co2.load_pandas().data
    series.to_csv(output, index_label="date", date_format="%Y-%m-%d", lineterminator="\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
