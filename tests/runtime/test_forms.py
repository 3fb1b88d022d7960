from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstmcast.errors import BundleError
from lstmcast.runtime.forms import check_metrics
from tests.runtime.fakes import MEASURED

PATH = Path("run/metrics.json")
SPREAD = {"mean": None, "deviation": None, "series": 0}


@pytest.mark.parametrize(
    "more",
    [
        {"best_epoch": None},
        {"worst_series": {"metric": None, "series": []}, "over_series": {"model": {"r2": SPREAD}}},
        {"worst_series": {"metric": "mae", "series": [{"name": "a", "windows": 3, "model": None}]}},
        {"metrics": {"test": {"model": {"mse": None, "r2": 1, "by_step": {"mse": [None, 0.5]}}}}},
        {"metrics": {"test": {"model": {"confusion": [[1, 0]], "by_class": {"up": {"f1": 0.5}}}}}},
        {"something": {"that": ["a", "later", "version", "writes"]}},
        {"folds": [{"fold": 1}], "over_folds": {"model": {"mae": SPREAD}}},
    ],
)
def test_what_is_written_passes(more: dict[str, Any]) -> None:
    check_metrics({**MEASURED, **more}, PATH)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"epochs": -1}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"windows": {"test": 1.5}}, r"windows\.test"),
        ({"windows": {}}, r"metrics\.test: the scores or the windows"),
        ({"metrics": {"test": {"naive": {}}}}, r"metrics\.test: the scores or the windows"),
        ({"metrics": {"test": {"model": {"mse": [1]}}}}, r"metrics\.test\.model\.mse"),
        ({"metrics": {"later": {"model": {}}}}, r"metrics\.later"),
        ({"scales": {"series": ["a"], "mase": []}}, "scales"),
        ({"scales": {"series": ["a", "b"], "mase": [[1], [1, 2]]}}, "scales"),
        ({"priors": {"shares": [[2.0]]}}, r"priors\.shares\.0\.0"),
        ({"members": {"seeds": [1]}}, r"members\.epochs"),
        ({"folds": "all"}, "folds"),
    ],
)
def test_what_is_not_is_refused_with_its_place(more: dict[str, Any], place: str) -> None:
    with pytest.raises(BundleError, match=rf"metrics\.json: is not what lstmcast writes: {place}"):
        check_metrics({**MEASURED, **more}, PATH)


@pytest.mark.parametrize("values", [None, [], "x", {}])
def test_anything_else_is_refused(values: Any) -> None:
    with pytest.raises(BundleError, match="is not what lstmcast writes"):
        check_metrics(values, PATH)
