"""What must hold between fields, as far as it can be told without the data.

Each check names the fields that it reads, and runs where pydantic found nothing wrong in those.
"""

from __future__ import annotations

from collections.abc import Collection

from lstmcast.config.class_checks import CLASS_CHECKS
from lstmcast.config.findings import Check, Finding
from lstmcast.config.locations import Location, dotted
from lstmcast.config.rules import columns, learning, reading
from lstmcast.config.schema import SECTIONS, Config
from lstmcast.errors import Problem

__all__ = ["Finding", "check_config", "findings"]


def findings(config: Config, *, wrong: Collection[Location] = ()) -> list[Finding]:
    """Every rule between fields that a config breaks.

    Args:
        config: A config whose fields, each for itself, are right.
        wrong: Locations of sections or fields that hold a default in place of a wrong value; a
            check that reads one of them is left out.
    """
    return [
        finding
        for check, locations in _CHECKS.items()
        if not any(_overlap(read, place) for read in locations for place in wrong)
        for finding in check(config)
    ]


def _overlap(one: Location, other: Location) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def check_config(config: Config) -> list[Problem]:
    """The same as problems, for a `Config` that was built in Python and never loaded."""
    return [Problem(dotted(f.location), f.message, None, f.hint) for f in findings(config)]


_ROLES = tuple(
    ("data", field)
    for field in (
        "time",
        "series",
        "target",
        "past_covariates",
        "future_covariates",
        "static_covariates",
    )
)
# Each check with the locations that it reads.
_CHECKS: dict[Check, tuple[Location, ...]] = {
    columns.roles: _ROLES,
    columns.names_in_forecasts: (*_ROLES, ("model",), ("output",), ("calibration",)),
    columns.feature_columns: (*_ROLES, ("features",)),
    reading.names_known_to_python: (("data", "csv"), ("data", "tz")),
    reading.numbers_in_bounds: tuple((section,) for section in SECTIONS),
    reading.written_out: (("data", "path"), ("runs_dir",)),
    reading.separators: (("data", "csv"),),
    reading.times: (("data", "start"), ("data", "end"), ("split",)),
    reading.order_of_times: (("data", "start"), ("data", "end"), ("split",)),
    reading.settings_without_effect: (
        ("data", "missing"),
        ("data", "outliers"),
        ("features", "categories"),
    ),
    learning.loss_fits_output: (("training", "loss"), ("output",)),
    learning.scope_fits_data: (("model",), ("data", "series")),
    reading.padding_is_masked: (("data", "short_series"), ("data", "missing")),
    learning.embedded_series: (
        ("features", "series_embedding"),
        ("data", "series"),
        ("model",),
    ),
    learning.level_was_taken_out: (("model",), ("output",)),
    learning.mask_fits_model: (("data", "missing"), ("model",)),
    learning.frequencies_fit_output: (("training", "frequency_loss"), ("output",)),
    learning.linear_share_fits_output: (("model",), ("output",)),
    learning.counts_stay_counts: (
        ("output",),
        ("scaling",),
        ("model",),
        ("training", "augmentation"),
    ),
    learning.training_choices: (
        ("training", "schedule"),
        ("training", "reduce_lr"),
        ("training", "deterministic"),
        ("training", "jit"),
        ("training", "backend"),
    ),
    learning.segments_fit_lookback: (("model",), ("window", "lookback")),
    learning.pooling_fits_lookback: (("model",), ("window", "lookback")),
    **CLASS_CHECKS,
}
