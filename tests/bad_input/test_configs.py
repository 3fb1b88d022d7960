"""Configs that cannot be meant: each with what is said of them, by file, line and field."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_input.conftest import Bench, Refusal, daily_rows

DATA = "data: {path: data.csv, time: time, target: y}\n"
START = f"{DATA}window: {{lookback: 3, horizon: 1}}\n"
LINE = 3  # the one after START
Refuse = Callable[[str | bytes], Refusal]


@pytest.fixture
def refuse(bench: Bench) -> Refuse:
    """What is said of a config's text, beside data that are in order."""
    bench.write("time,y\n" + daily_rows())

    def refused(text: str | bytes) -> Refusal:
        bench.write(text, "config.yaml")
        refusal = bench.refuse()
        assert (refusal.code, refusal.error["file"]) == (2, "config.yaml")
        assert refusal.error["type"] == "ConfigError"
        return refusal

    return refused


# The line after START, the field, and what is said of it.
FIELDS = [
    ("trainig: {epochs: 3}", "trainig", "is not a field of the config. Did you mean `training`?"),
    ("model: {unit: [3]}", "model.unit", "Did you mean `model.units`?"),
    ("training: {hidden_size: 3}", "training.hidden_size", "Did you mean `model.units`?"),
    ("model: {segment: 3}", "model.segment", "It belongs to `model.type: segment`"),
    ("1.5: 3", '"1.5"', "is not a field of the config"),
    ("'': 3", '""', "is not a field of the config"),
    ("? [a, b]\n: 3", "", "a key must be a name"),
    ("training: {epochs: three}", "training.epochs", 'an integer of at least 1. Received: "three"'),
    ("training: {epochs: '5'}", "training.epochs", 'Received: "5". Write it without quotes.'),
    ("training: {epochs: 2.5}", "training.epochs", "Received: 2.5."),
    ("training: {epochs: true}", "training.epochs", "Received: true."),
    ("training: {epochs: 0}", "training.epochs", "an integer of at least 1. Received: 0."),
    ("training: {seeds: 1000000000000}", "training.seeds", "at least 1 and of at most 1000"),
    ("training: {epochs: [5]}", "training.epochs", "Received: [5]."),
    ("training: {epochs: {a: 1}}", "training.epochs", 'Received: {"a": 1}.'),
    ("training: {epochs: ~}", "training.epochs", "Received: null."),
    ("training: {epochs: 1_000}", "training.epochs", 'Received: "1_000".'),
    ("training: [epochs]", "training", "must be a mapping of fields"),
    ("training: {deterministic: no}", "training.deterministic", 'Received: "no". Write false.'),
    ("training: {deterministic: on}", "training.deterministic", 'Received: "on". Write true.'),
    ("training: {learning_rate: 0}", "training.learning_rate", "a number above 0"),
    ("training: {learning_rate: .nan}", "training.learning_rate", "Received: NaN"),
    ("training: {learning_rate: .inf}", "training.learning_rate", "Received: Infinity"),
    ("training: {learning_rate: 1e999}", "training.learning_rate", "Received: Infinity"),
    ("training: {optimizer: sgdd}", "training.optimizer", "Did you mean `sgd`?"),
    ("training: {backend: torch}", "training.backend", "one of tensorflow, jax"),
    ("seed: 1:30", "seed", 'Received: "1:30".'),
    ("seed: -1", "seed", "at least 0"),
    (f"seed: {'9' * 5000}", "seed", "below 2147483648"),
    ("name: a/b", "name", 'Received: "a/b".'),
    ("name: ..", "name", 'Received: "..".'),
    ("runs_dir: ''", "runs_dir", "a string that is not empty"),
    ("runs_dir: $SCRATCH/runs", "runs_dir", "environment variables are not read in a config"),
    ("model: {units: 3}", "model.units", "Write it in brackets, as a list."),
    ("model: {units: []}", "model.units", "a non-empty list of integers of at least 1"),
    ("model: {units: [0]}", "model.units.0", "at least 1. Received: 0."),
    ("model: {units: [-1]}", "model.units.0", "at least 1. Received: -1."),
    ("model: {dropout: 1}", "model.dropout", "below 1"),
    ("model: {type: lsmt}", "model.type", 'Received: "lsmt". Did you mean `lstm`?'),
    ("model: {type: transformer}", "model.type", "one of lstm, gru, attention, cnn_lstm, seq2seq"),
    ("model: {type: segment}", "model.segment", "not be longer than window.lookback, 3"),
    ("model: {type: segment, segment: 4}", "model.segment", "Received: 4. Lower it, or lengthen"),
    ("model: {type: cnn_lstm, filters: [4, 4]}", "model.pool", "leaves no step"),
    ("output: {type: quantiles, levels: [0.5, 1.5]}", "output.levels.1", "Received: 1.5."),
    ("output: {type: quantiles, levels: [0, 0.5]}", "output.levels.0", "above 0 and below 1"),
    ("output: {type: quantiles, levels: [0.9, 0.5]}", "output.levels", "must ascend"),
    ("output: {type: quantiles, levels: [0.1, 0.2]}", "output.levels", "contain 0.5"),
    ("calibration: {levels: [0.9, 0.8]}", "calibration.levels", "levels must ascend"),
    ("evaluation: {metrics: [rsme]}", "evaluation.metrics.0", "Did you mean `rmse`?"),
    ("evaluation: {metrics: []}", "evaluation.metrics", "a non-empty list"),
    ("evaluation: {metrics: [mae, mae]}", "evaluation.metrics", "Received twice: mae"),
    ("evaluation: {metrics: [f1]}", "evaluation.metrics.0", "f1 is not for task: forecast"),
    ("split: {train: 0.7, validation: 0.2, test: 0.2}", "split", "0.7 + 0.2 + 0.2 = 1.1"),
    ("split: {train: 1.2, validation: -0.1, test: -0.1}", "split", "train above 0 and none below"),
    ("split: {train: 10, validation: 0.2, test: a}", "split", "all fractions, all row counts or"),
    ("split: {train: 0, validation: 1, test: 1}", "split", "at least 1 for train"),
    (
        "split: {train: 2024-13-45, validation: 2025-01-01, test: null}",
        "split.train",
        "a time such",
    ),
    ("features: {lags: {y: [0]}}", "features.lags.y.0", "an integer of at least 1"),
    ("features: {lags: {y: [9223372036854775808]}}", "features.lags.y.0", "at most 2,147,483,647"),
    ("features: {lags: {z: [1]}}", "features.lags.z", "neither a target nor a covariate"),
    ("features: {rolling: {y: {window: 0}}}", "features.rolling.y.window", "at least 2"),
    ("scaling: {target: std}", "scaling.target", "one of standard, minmax, robust, none"),
    ("tune: {trials: 0}", "tune.trials", "an integer of at least 1"),
    ("window: {lookback: 4}", "window", "stands twice, first on line 2. Remove one of the two."),
]


@pytest.mark.parametrize(("line", "field", "says"), FIELDS, ids=[row[0][:40] for row in FIELDS])
def test_a_field_that_is_wrong_is_named_with_its_line(
    line: str, field: str, says: str, refuse: Refuse
) -> None:
    refusal = refuse(f"{START}{line}\n")
    (problem,) = refusal.error["problems"]
    assert (problem["path"], problem["line"]) == (field, LINE)
    refusal.says(f"config.yaml: {field or 'config'} (line {LINE}): ", says)
    assert len(refusal.message) < 400


# What stands in `data`, a line each from line 2 on; the field, its line, and what is said of it.
COLUMNS = [
    ("time: time", "data.target", 1, "is missing. Column to forecast"),
    ("time: time\ntarget: []", "data.target", 3, "must name at least one column"),
    ("time: time\ntarget: [y, y]", "data.target", 3, "Received twice: y"),
    ("time: y\ntarget: y", "data.target", 3, "`y` is already named in data.time"),
    (
        "time: time\ntarget: y\npast_covariates: [y]",
        "data.past_covariates.0.column",
        4,
        "`y` is already named in data.target. A column has one role.",
    ),
    (
        "time: time\ntarget: y\npast_covariates: [x, x]",
        "data.past_covariates.1.column",
        4,
        "`x` is already named in data.past_covariates.0.column",
    ),
    ("time: time\ntarget: y\nseries: y", "data.target", 3, "already named in data.series"),
    ("time: [year, year]\ntarget: y", "data.time", 2, "Received twice: year"),
    ("time: time\ntarget: y\nfreq: xyz", "data.freq", 4, "'xyz' is no frequency. Give a pandas"),
    ("time: time\ntarget: y\nformat: '%Y %Q'", "data.format", 4, "is no strptime format"),
    ("time: time\ntarget: y\ntz: Mars/Phobos", "data.tz", 4, "an IANA time zone"),
    ("time: time\ntarget: y\ntz: Europe/Berln", "data.tz", 4, "Did you mean `Europe/Berlin`?"),
    ("time: time\ntarget: y\nstart: soon", "data.start", 4, "a time such as 2020-12-31"),
    ("time: time\ntarget: y\nseason_length: 0", "data.season_length", 4, "at least 1 or null"),
    ("time: time\ntarget: y\ncsv: {encoding: foo}", "data.csv.encoding", 4, "a text encoding"),
    ("time: time\ntarget: y\ncsv: {delimiter: ',,'}", "data.csv.delimiter", 4, "of one character"),
    ("time: time\ntarget: y\ncsv: {decimal: ','}", "data.csv.decimal", 4, "must differ from"),
    ("time: time\ntarget: y\ncsv: {thousands: 'x'}", "data.csv.thousands", 4, "no letter, digit"),
    ("time: time\ntarget: y\ncsv: {delimiter: §}", "data.csv.delimiter", 4, "an ASCII character"),
    ("time: time\ntarget: y\nseason_length: 3000000000", "data.season_length", 4, "be at most 2,1"),
    ("time: time\ntarget: y\ncsv: {na: NA}", "data.csv.na", 4, "Write it in brackets"),
    ("time: time\ntarget: y\ncsv: {na: [1]}", "data.csv.na.0", 4, "Write it in quotes"),
    ("time: time\ntarget: y\nmissing: {strategy: fill}", "data.missing.strategy", 4, "`ffill`?"),
    (
        "time: time\ntarget: y\npast_covariates:\n- column: y2\n  available_after: soon",
        "data.past_covariates.0.available_after",
        6,
        "'soon' is no delay",
    ),
]


@pytest.mark.parametrize(
    ("fields", "field", "line", "says"), COLUMNS, ids=[row[1] + row[3][:20] for row in COLUMNS]
)
def test_a_column_that_cannot_be_meant_is_named_with_its_line(
    fields: str, field: str, line: int, says: str, refuse: Refuse, bench: Bench
) -> None:
    bench.write("time,y2,y\n" + daily_rows().replace(",", ",1,"))
    data = "\n  ".join(["data:", *fields.splitlines(), "path: data.csv"])
    refusal = refuse(f"{data}\nwindow: {{lookback: 3, horizon: 1}}\n")
    (problem,) = refusal.error["problems"]
    assert (problem["path"], problem["line"]) == (field, line)
    refusal.says(f"{field} (line {line}): ", says)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "data.path (line 1): is missing"),
        ("path: null, ", "data.path (line 1): name the file that holds the series"),
        ("path: ~, ", "data.path (line 1): name the file"),
        ("path: '', ", "names no file. Name one, a glob or a list of them. Received: ''"),
        ("path: [], ", "names no file. Name one, a glob or a list of them. Received: []"),
        ("path: [''], ", "names no file"),
        ("path: 5, ", "Received: 5. Write it in quotes."),
        ("path: $HOME/data.csv, ", "environment variables are not read in a config"),
        ("path: '${HOME}/data.csv', ", "Received: ${HOME}. Write the path out"),
        ("path: '%APPDATA%/data.csv', ", "Received: %APPDATA%."),
    ],
)
def test_a_path_that_names_no_file_is_refused(path: str, says: str, refuse: Refuse) -> None:
    refuse(f"data: {{{path}time: time, target: y}}\n").says(says)


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
)
# What is no YAML of a config: the text, the line, and what is said of it.
DOCUMENTS = [
    ("", None, "is empty. Write at least data.path, data.time and data.target"),
    ("# nothing\n", None, "is empty"),
    ("---\n", None, "is empty"),
    ("null\n", None, "is empty"),
    ("- a\n- b\n", 1, "must be a mapping of fields at the top"),
    ("hello\n", 1, "must be a mapping of fields at the top"),
    (START + "training:\n\tepochs: 3\n", 4, "is indented by a tab. YAML takes spaces only."),
    (START + "training:\n epochs: 3\n   seeds: 1\n", 5, "is not YAML at column 9"),
    (START + "name: [a\n", 4, "is not YAML"),
    (START + "name: 'a\n", 4, "is not YAML"),
    (START + "name: a: b\n", 3, "Text that holds `: `, or begins with one of @ % & * ! , needs"),
    (START + "name: @a\n", 3, "needs quotes"),
    (START + "name: *a\n", 3, "found undefined alias 'a'"),
    (START + "name: &a [*a]\n", 3, "must not be nested more than 32 levels deep"),
    (START + f"{BOMB}\n", 3, "must hold at most 20,000 values, aliases written out"),
    (START + "training:\n  <<: {epochs: 3}\n", 4, "merge keys (`<<`) are not read"),
    (START + "name: !!python/object/apply:os.system ['touch pwned']\n", 3, "must not have tags"),
    (START + "name: !!python/name:os.system\n", 3, "must not have tags"),
    (START + "name: !!binary aGVsbG8=\n", 3, "must not have tags"),
    (START + "name: !include /etc/passwd\n", 3, "must not have tags. Received: !include."),
    (START + "---\n" + START, 3, "must be one document. Remove the line `---`"),
    (START + f"name: {'[' * 5000}{']' * 5000}\n", 3, "nested more than 32 levels deep"),
    (START + f"name: {'[' * 50_000}\n", 3, "nested more than 32 levels deep"),
    (START + f"name: {'{a: ' * 40}1{'}' * 40}\n", 3, "nested more than 32 levels deep"),
    (START + "#" * 10_000_000, None, "must be a YAML file of at most 1024 KiB"),
    (START.encode() + b"name: \xff\xfe\n", 3, "is not UTF-8. Save it in that encoding."),
    (START.encode("utf-16"), 1, "is not UTF-8"),
    (START + "name: a\0b\n", 3, "holds a control character, U+0000"),
    (START + "name: a\x07b\n", 3, "holds a control character, U+0007"),
    (START + 'name: "\\ud800"\n', 3, "holds U+D800, which is no character of a text"),
    ("time,y\n2024-01-01,1\n", 1, "`lstmcast init --from FILE` writes a config"),
]


@pytest.mark.parametrize(
    ("text", "line", "says"), DOCUMENTS, ids=[row[2][:40] for row in DOCUMENTS]
)
def test_what_is_no_document_of_a_config_is_refused(
    text: str | bytes, line: int | None, says: str, refuse: Refuse, bench: Bench
) -> None:
    refusal = refuse(text)
    assert refusal.error["problems"][0]["line"] == line
    refusal.says(says)
    assert len(refusal.message) < 400
    assert not (bench.folder / "pwned").exists()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + START,
        START.replace("\n", "\r\n"),
        "%YAML 1.1\n---\n" + START,
        START + "...\n",
        START + "training:\nfeatures:\n",
        START + "training: {learning_rate: 1e-3}\n",
        START + "seed: 012\n",
        START + "seed: 0o17\n",
        START + "name: 2024-01-05\n",
        START + "name: no\n",
        START.replace("data: ", "data: &d "),
        START + "calibration: {levels: &l [0.5]}\nname: a\n",
        '{"data": {"path": "data.csv", "time": "time", "target": "y"}, "window": {"lookback": 3}}',
    ],
)
def test_unusual_ways_to_write_a_config_are_taken(text: str, bench: Bench) -> None:
    bench.write(text, "config.yaml")
    bench.accept("time,y\n" + daily_rows())


def test_all_that_is_wrong_is_said_at_once(refuse: Refuse) -> None:
    refusal = refuse(f"{DATA}window: {{lookback: four, horizon: -2}}\nsed: 1\n")
    places = [(each["path"], each["line"]) for each in refusal.error["problems"]]
    assert places == [("window.lookback", 2), ("window.horizon", 2), ("sed", 3)]
    refusal.says("3 problems in the config", "Did you mean `seed`?")


OVERRIDES = [
    ("window.lookback", "", "--set must be a dotted path, `=` and a value"),
    ("=5", "", "Write for example window.lookback=48."),
    ("window..lookback=3", "", "must be a dotted path"),
    ("window.lookbak=5", "window.lookbak", "Did you mean `window.lookback`?"),
    ("foo.bar=1", "foo", "is not a field of the config. It comes from --set. Known here: name"),
    ("window=3", "window", "must be a mapping of fields. Received: 3. It comes from --set."),
    ("window.lookback=", "window.lookback", "Received: null. It comes from --set."),
    ("window.lookback==3", "window.lookback", 'Received: "=3".'),
    ("window.lookback=1e1", "window.lookback", "Received: 10.0."),
    ("window.lookback.x=1", "window.lookback.x", "window.lookback is a single value"),
    ("data.target=[y", "data.target", "value of --set is not YAML at column 3"),
    ("data.target={a: !!python/name:os.system }", "data.target", "must not have tags"),
    ("model.units.5=3", "model.units.5", "beyond the end of a list of 1"),
    ("model.units.x=3", "model.units", "its entries are called 0, 1"),
    ("data.freq=xyz", "data.freq", "is no frequency"),
    ("data.path=$HOME/x.csv", "data.path", "environment variables are not read"),
]


@pytest.mark.parametrize(("text", "field", "says"), OVERRIDES, ids=[row[0] for row in OVERRIDES])
def test_an_override_that_is_wrong_is_named(text: str, field: str, says: str, bench: Bench) -> None:
    bench.write("time,y\n" + daily_rows())
    for command in ("validate", "train"):
        result = bench.invoke(command, "config.yaml", "--set", text)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"error: config.yaml: {field or 'config'}: ")
        assert says in result.err
    told = bench.invoke("validate", "config.yaml", "--json", "--set", text)
    assert [problem["path"] for problem in told.json["error"]["problems"]] == [field]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("confg.yaml", "no such file. Did you mean `config.yaml`?"),
        (".", "is a directory. Name the YAML file in it."),
        ("nowhere/x.yaml", "no such file. `lstmcast init` writes a config to start from."),
        (os.devnull, "is empty"),
        ("x\udcff.yaml", "no such file"),
    ],
)
def test_a_config_that_is_no_file_is_refused(name: str, says: str, bench: Bench) -> None:
    result = bench.invoke("validate", name, "--json")
    assert (result.code, result.json["error"]["file"]) == (2, name)
    assert says in result.json["error"]["message"]


def test_the_home_directory_may_be_named_in_short(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = bench.folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    bench.write("time,y\n" + daily_rows(), "home/there.csv")
    bench.write(f"{START.replace('data.csv', '~/there.csv')}runs_dir: ~/runs\n", "config.yaml")
    bench.accept()
    shown = bench.invoke("config", "show", "config.yaml", "--json").json["config"]
    assert shown["runs_dir"] == str(home / "runs")
    assert Path(shown["data"]["path"]) == home / "there.csv"
