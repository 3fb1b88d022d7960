from __future__ import annotations

from typing import Any

import pytest

from lstmcast.cli.opening import suggest_forecast
from lstmcast.cli.output import Console
from lstmcast.config.loading import config_from_mapping


@pytest.mark.parametrize(
    ("columns", "command"),
    [
        ({}, "lstmcast predict latest   "),
        ({"future_covariates": ["holiday"]}, "lstmcast predict latest --template --output "),
    ],
)
def test_the_next_command_is_one_that_works(
    columns: dict[str, Any], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"path": "d.csv", "time": "t", "target": "y", **columns}
    suggest_forecast(Console("train"), "latest", config_from_mapping({"data": data}).config)
    assert f"Next: {command}" in capsys.readouterr().err
