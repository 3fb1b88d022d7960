from __future__ import annotations

import json
from pathlib import Path

from lstmcast.config.json_schema import config_json_schema
from lstmcast.config.loading import load_config
from tests.commands import Invoke


def test_schema_is_the_json_schema_of_the_config(invoke: Invoke) -> None:
    assert json.loads(invoke("config", "schema").out) == config_json_schema()


def test_show_tells_where_each_value_came_from(daily: Path, invoke: Invoke) -> None:
    out = invoke("config", "show", daily, "--set", "training.epochs=5").out
    lines = {line.split(":")[0].strip(): line for line in out.splitlines()}
    assert lines["epochs"].endswith("# --set")
    assert lines["lookback"].endswith("# daily.yaml:6")
    assert lines["seed"].endswith("# default")


def test_what_show_prints_is_a_config_again(daily: Path, invoke: Invoke) -> None:
    Path("shown.yaml").write_text(invoke("config", "show", daily).out)
    assert load_config("shown.yaml").config == load_config(daily).config


def test_set_is_typed(daily: Path, invoke: Invoke) -> None:
    settings = ("training.learning_rate=1e-2", "model.units=[8, 4]", "data.tz=null", "name=007")
    options = [part for setting in settings for part in ("--set", setting)]
    result = invoke("config", "show", daily, "--json", *options)
    assert result.code == 2  # a name is a string, and 007 a number
    config = invoke("config", "show", daily, "--json", *options[:-2]).json["config"]
    assert config["training"]["learning_rate"] == 0.01
    assert config["model"]["units"] == [8, 4]
    assert config["data"]["tz"] is None
