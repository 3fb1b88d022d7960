"""The plots of a run; the only place that imports matplotlib."""

from lstmcast.reporting.plots.writing import write_plots

__all__ = ["write_plots"]
