from __future__ import annotations

from pathlib import Path

import pytest

from lstmcast.config.loading import load_config
from lstmcast.config.schema import Config, CsvFormat
from lstmcast.config.template import Outline, render_template


def read(outline: Outline, folder: Path) -> Config:
    path = folder / "config.yaml"
    path.write_text(render_template(outline), encoding="utf-8")
    return load_config(path).config


def test_every_value_of_the_outline_is_read_back(tmp_path: Path) -> None:
    outline = Outline(
        name="sales",
        about=("Sales: 3 rows.", ""),
        schema_file="lstmcast.schema.json",
        path="data/sales.csv",
        csv=CsvFormat(delimiter=";", decimal=",", thousands=".", na=["", "?"]),
        time=("year", "month"),
        format=None,
        series="shop",
        target="sold",
        past_covariates=("price", "weather"),
        static_covariates=("region",),
        has_duplicates=True,
        has_gaps=True,
        missing="seasonal",
        calendar=("month", "quarter"),
        lookback=24,
        horizon=12,
        units=32,
        batch_size=16,
    )
    config = read(outline, tmp_path)
    assert config.name == "sales"
    assert config.data.path == str(tmp_path / "data" / "sales.csv")
    assert config.data.csv == outline.csv
    assert config.data.time == ["year", "month"]
    assert (config.data.series, config.data.target) == ("shop", "sold")
    assert [c.column for c in config.data.past_covariates] == ["price", "weather"]
    assert [c.column for c in config.data.static_covariates] == ["region"]
    assert (config.data.duplicates, config.data.gaps) == ("last", "fill")
    assert config.data.missing.strategy == "seasonal"
    assert config.features.calendar == ["month", "quarter"]
    assert (config.window.lookback, config.window.horizon) == (24, 12)
    assert config.scaling.per == "series"
    assert (config.model.units, config.training.batch_size) == ([32], 16)


def test_the_defaults_are_a_config_to_fill_in(tmp_path: Path) -> None:
    config = read(Outline(), tmp_path)
    assert (config.data.time, config.data.target) == ("date", "value")


@pytest.mark.parametrize(
    "name",
    ["pm2.5", "no", "null", "1", "1e5", "a: b", "a #b", '"x"', "€ £", "x ", "- y", "wind\tdir"],
)
def test_awkward_column_names_survive(name: str, tmp_path: Path) -> None:
    config = read(Outline(time=(name,), target=f"{name}!", past_covariates=(f"{name}?",)), tmp_path)
    assert config.data.time == name
    assert config.data.target == f"{name}!"
    assert config.data.past_covariates[0].column == f"{name}?"


def test_the_first_line_is_for_the_editor() -> None:
    text = render_template(Outline(schema_file="lstmcast.schema.json"))
    assert text.startswith("# yaml-language-server: $schema=lstmcast.schema.json\n")
    assert "yaml-language-server" not in render_template(Outline())
