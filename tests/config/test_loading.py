"""From a file or a mapping to a config, and back to text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmcast.config.loading import (
    LoadedConfig,
    config_from_mapping,
    config_to_json,
    dump_config,
    load_config,
    show_config,
)
from lstmcast.config.schema import Config
from lstmcast.config.yaml_document import MAX_BYTES, parse_document
from lstmcast.errors import ConfigError

Load = Callable[..., LoadedConfig]
MINIMAL = "data: {path: co2.csv, time: date, target: co2}\n"
DATA: dict[str, Any] = {"time": "date", "target": "co2"}


def test_three_fields_are_enough(load: Load, tmp_path: Path) -> None:
    loaded = load(MINIMAL)
    assert loaded.config.data.path == str(tmp_path / "co2.csv")
    assert loaded.config.data.targets == ["co2"]
    assert loaded.config.window.lookback == 48
    assert loaded.file == str(tmp_path / "co2.yaml")


def test_the_file_may_be_named_by_a_string(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(MINIMAL)
    assert load_config(str(file)).config.data.time == "date"


def test_an_empty_section_has_its_defaults(load: Load) -> None:
    loaded = load(MINIMAL + "training:\n  # epochs: 3\nmodel:\nevaluation:\n")
    assert loaded.config == load(MINIMAL).config


def test_a_section_without_type_is_of_the_default_type(load: Load) -> None:
    loaded = load(MINIMAL + "model: {units: [8]}\noutput: {}\n")
    assert (loaded.config.model.type, loaded.config.output.type) == ("lstm", "point")


@pytest.mark.parametrize(
    ("written", "resolved"),
    [
        ("co2.csv", "{dir}/co2.csv"),
        ("../data/co2.csv", "{parent}/data/co2.csv"),
        ('"parts/*.csv"', "{dir}/parts/*.csv"),
        ("[a.csv, /abs/b.csv]", ["{dir}/a.csv", "/abs/b.csv"]),
        ('"-"', "-"),
        ("/abs/co2.csv", "/abs/co2.csv"),
        ("https://example.com/co2.csv", "https://example.com/co2.csv"),
        ("null", None),
    ],
)
def test_a_path_starts_from_the_directory_of_the_file(
    load: Load, tmp_path: Path, written: str, resolved: str | list[str] | None
) -> None:
    def fill(text: str) -> str:
        return text.format(dir=tmp_path, parent=tmp_path.parent)

    expected = [fill(t) for t in resolved] if isinstance(resolved, list) else resolved
    expected = fill(expected) if isinstance(expected, str) else expected
    loaded = load(f"data: {{path: {written}, time: date, target: co2}}\n")
    assert loaded.config.data.path == expected


def test_the_home_directory_is_expanded(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    loaded = load("data: {path: ~/co2.csv, time: date, target: co2}\n")
    assert loaded.config.data.path == "/home/ada/co2.csv"


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load_config(file).config.data.time == "date"


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"data:\r\n  path: a.csv\r\n  time: date\r\n  target: co2\r\n")
    assert load_config(file).sources["data.target"] == "a.yaml:4"


def test_a_missing_file_suggests_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "demand.yaml").write_text(MINIMAL)
    with pytest.raises(ConfigError, match=r"no such file\. Did you mean `.*demand\.yaml`\?"):
        load_config(tmp_path / "demnad.yaml")
    with pytest.raises(ConfigError, match="`lstmcast init` writes a config"):
        load_config(tmp_path / "elsewhere" / "x.yaml")


def test_a_directory_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        load_config(tmp_path)


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError, match="may not be read"):
        load_config(tmp_path / "a.yaml")


def test_a_path_that_the_system_refuses_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / ("x" * 5000))


def test_a_file_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"# fine\n# caf\xe9\n" + MINIMAL.encode())
    with pytest.raises(ConfigError, match=r"\(line 2\): is not UTF-8"):
        load_config(file)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="at most 1024 KiB"):
        load_config(file)


def test_the_error_is_the_same_as_json(load: Load) -> None:
    with pytest.raises(ConfigError) as raised:
        load(MINIMAL + "seed: -1\n")
    shown = json.loads(json.dumps(raised.value.to_json()))
    assert shown["problems"] == [
        {
            "path": "seed",
            "message": "must be an integer of at least 0 and below 2147483648. Received: -1.",
            "line": 2,
            "hint": None,
        }
    ]


def test_sources_say_where_each_leaf_came_from(load: Load) -> None:
    loaded = load(
        """\
        name: co2
        data:
          path: co2.csv
          time: date
          target: co2
          past_covariates:
            - price
            - {column: pm2.5, available_after: 2d}
        features:
          lags: {pm2.5: [1, 24]}
        model: {units: [32, 16]}
        training: {schedule: cosine}
        """,
        "model.units.0=8",
        "data.csv={delimiter: ;}",
        "features.rolling.price.window=4",
    )
    expected = {
        "name": "co2.yaml:1",
        "seed": "default",
        "data.path": "co2.yaml:3",
        "data.past_covariates.0.column": "co2.yaml:7",
        "data.past_covariates.0.type": "default",
        "data.past_covariates.1.available_after": "co2.yaml:8",
        "data.csv.delimiter": "--set",
        "data.csv.decimal": "default",
        'features.lags."pm2.5"': "co2.yaml:10",
        "features.rolling.price.window": "--set",
        "features.rolling.price.statistics": "default",
        "features.differences": "default",
        "model.type": "default",
        "model.units": "--set",
        "training.schedule": "co2.yaml:12",
        "training.reduce_lr": "default",
        "training.early_stopping.patience": "default",
    }
    assert {path: loaded.sources[path] for path in expected} == expected
    assert "model" not in loaded.sources


def test_values_given_in_python_say_so() -> None:
    loaded = config_from_mapping({"data": DATA, "seed": 3}, overrides=["name=x"])
    assert loaded.sources["seed"] == "given"
    assert loaded.sources["name"] == "--set"
    assert loaded.sources["window.lookback"] == "default"
    assert loaded.file is None


def test_python_values_may_be_tuples_paths_and_sections() -> None:
    section = Config(data=DATA).window  # type: ignore[arg-type]
    values = {"data": {**DATA, "path": Path("/x/a.csv"), "target": ("a", "b")}, "window": section}
    config = config_from_mapping(values).config
    assert config.data.path == "/x/a.csv"
    assert config.data.targets == ["a", "b"]


def test_a_frame_needs_no_path() -> None:
    assert config_from_mapping({"data": DATA}).config.data.path is None


def test_a_key_that_is_no_string_is_a_config_error() -> None:
    with pytest.raises(ConfigError):
        config_from_mapping({"data": DATA, 3: 4})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="a key must be a string"):
        config_from_mapping({"data": DATA, "features": {"lags": {3: [1]}}})


def columns() -> st.SearchStrategy[str]:
    tricky = ["no", "1e5", "012", "1:30", "2020-01-01", "pm2.5", "a: b", "# x", "wind speed", "ü"]
    return st.one_of(st.sampled_from(tricky), st.text(min_size=1, max_size=8)).filter(
        lambda name: name.encode(errors="ignore").decode() == name
    )


@st.composite
def configs(draw: st.DrawFn) -> Config:
    target, past, time = draw(st.lists(columns(), min_size=3, max_size=3, unique=True))
    values: dict[str, Any] = {
        "name": draw(st.sampled_from(["no", "1e5", "012", "x-1"])),
        "data": {
            "path": draw(st.sampled_from([None, "-", "/data/*.csv", ["/a.csv", "/b.csv"]])),
            "time": time,
            "target": target,
            "past_covariates": [{"column": past, "available_after": "2d"}],
            "csv": {"na": draw(st.lists(columns(), max_size=3))},
        },
        "features": {
            "lags": {target: draw(st.lists(st.integers(1, 99), max_size=3))},
            "rolling": {past: {"window": 3}},
            "interactions": [[target, past]],
        },
        "model": draw(st.sampled_from([{}, {"type": "gru"}, {"type": "cnn_lstm", "pool": 1}])),
        "training": {
            "learning_rate": draw(st.floats(1e-12, 1e3, exclude_min=True)),
            "schedule": draw(st.sampled_from(["none", "cosine"])),
            "early_stopping": draw(st.sampled_from([None, {}])),
        },
    }
    return config_from_mapping(values).config


@settings(deadline=None)  # the machine may be busy
@given(configs())
def test_what_is_dumped_loads_as_an_equal_config(config: Config) -> None:
    text = dump_config(config)
    document = parse_document(text)
    assert not document.problems
    assert config_from_mapping(document.values).config == config


@settings(deadline=None)  # the machine may be busy
@given(configs())
def test_a_yaml_1_1_reader_reads_the_same_values(config: Config) -> None:
    assert Config.model_validate(yaml.safe_load(dump_config(config))) == config


@settings(deadline=None)  # the machine may be busy
@given(configs())
def test_what_is_shown_loads_as_an_equal_config(config: Config) -> None:
    text = show_config(config_from_mapping(config.model_dump()))
    assert config_from_mapping(parse_document(text).values).config == config


def test_a_dumped_file_loads_again(load: Load, tmp_path: Path) -> None:
    config = config_from_mapping({"data": DATA, "training": {"schedule": "cosine"}}).config
    (tmp_path / "config.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "config.yaml").config == config


def test_the_dump_keeps_the_order_of_the_schema_with_type_first(load: Load) -> None:
    lines = dump_config(load(MINIMAL).config).splitlines()
    sections = [line[:-1] for line in lines if line.endswith(":") and line[0] != " "]
    assert sections == [name for name in Config.model_fields if f"{name}:" in lines]
    assert lines[lines.index("model:") + 1] == "  type: lstm"
    assert "  units: [64]" in lines


def test_each_value_shown_is_followed_by_an_aligned_comment(load: Load) -> None:
    lines = show_config(load(MINIMAL + "seed: 3\n", "name=abc")).splitlines()
    by_key = {line.split(":")[0]: line for line in lines}
    assert by_key["seed"].endswith("  # co2.yaml:2")
    assert by_key["name"].endswith("  # --set")
    assert by_key["task"].endswith("  # default")
    assert by_key["seed"].index("#") == by_key["name"].index("#") == by_key["task"].index("#")
    assert by_key["data"] == "data:"


def test_a_config_is_shown_as_json_too(load: Load) -> None:
    shown = config_to_json(load(MINIMAL))
    assert json.loads(json.dumps(shown)) == shown
    assert shown["config"]["window"]["lookback"] == 48
    assert shown["sources"]["data.time"] == "co2.yaml:1"


def test_what_is_loaded_cannot_be_changed(load: Load) -> None:
    loaded = load(MINIMAL)
    with pytest.raises(AttributeError):
        loaded.file = "x"  # type: ignore[misc]
    assert isinstance(loaded, LoadedConfig)


def test_loading_imports_no_heavy_library() -> None:
    code = (
        "import sys, lstmcast.config.loading, lstmcast.config.json_schema, "
        "lstmcast.config.catalogue\n"
        "print([m for m in ('numpy', 'pandas', 'keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "[]"


def test_statistical_methods_are_named_once_and_known():
    data = {"time": "t", "target": "y"}
    for names, says in ((["theta", "theta"], "Received twice: theta"), (["prophet"], "auto_ets")):
        with pytest.raises(ConfigError, match=says):
            config_from_mapping({"data": data, "backtest": {"statistical": names}})
