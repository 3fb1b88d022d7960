"""Whatever a config holds: windows, or one error of those that there are."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from lstmcast.cli.failures import call
from lstmcast.cli.main import app
from tests.bad_input.mutations import base_configs, mutated_texts, mutated_values

BASES = base_configs()
FEW = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=3000)
# OK, config, data, and memory or a package that is not there.
TYPED = {0, 2, 3, 6}


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The working directory, with data of 60 days: time, y and x."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("mutated")
        patch.chdir(path)
        days = pd.date_range("2024-01-01", periods=60)
        steps = pd.RangeIndex(len(days))
        table = pd.DataFrame({"time": days, "y": steps % 7, "x": steps % 5})
        table.to_csv(path / "data.csv", index=False)
        yield path


def see_that_it_is_typed(content: bytes) -> None:
    """Validate a config, and see that there are windows, or one error and nothing else."""
    Path("config.yaml").write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = call(app, ["validate", "config.yaml", "--json"])
    told = json.loads(out.getvalue())
    assert code in TYPED, f"{code}: {told}"
    assert err.getvalue() == ""
    assert told["status"] == ("ok" if code == 0 else "error")
    if code:
        message = told["error"]["message"]
        assert message
        assert "Traceback" not in message


def as_yaml(values: dict[str, Any]) -> bytes:
    return yaml.dump(values, sort_keys=False, allow_unicode=True).encode()


@pytest.mark.parametrize("values", BASES, ids=lambda values: str(values["model"])[:40])
def test_the_configs_to_begin_with_are_in_order(values: dict[str, Any]) -> None:
    Path("config.yaml").write_bytes(as_yaml(values))
    with contextlib.redirect_stdout(io.StringIO()):
        assert call(app, ["validate", "config.yaml"]) == 0


@FEW
@given(mutated_values(BASES))
def test_odd_values_give_windows_or_one_error(values: dict[str, Any]) -> None:
    see_that_it_is_typed(as_yaml(values))


@FEW
@given(mutated_texts(BASES))
def test_odd_texts_give_windows_or_one_error(content: bytes) -> None:
    see_that_it_is_typed(content)


@pytest.mark.long
@MANY
@given(mutated_values(BASES))
def test_many_odd_values_give_windows_or_one_error(values: dict[str, Any]) -> None:
    see_that_it_is_typed(as_yaml(values))


@pytest.mark.long
@MANY
@given(mutated_texts(BASES))
def test_many_odd_texts_give_windows_or_one_error(content: bytes) -> None:
    see_that_it_is_typed(content)
