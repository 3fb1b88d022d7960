"""New data that do not fit the run that they are for: each with what is said of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pandas as pd
import pytest

from lstmcast.forecaster import Forecaster
from tests.builders import weekly_cycle
from tests.commands import Invoke, Result
from tests.runtime.fakes import dataset_of, network_of, write_run

Change = Callable[[pd.DataFrame], Any]


@dataclass(frozen=True)
class Predictor:
    """Forecasts of one run from files that are written as they are asked for.

    Attributes:
        run: The run.
        folder: The working directory.
        invoke: Runs a command in this process.
    """

    run: Path
    folder: Path
    invoke: Invoke

    def __call__(self, *options: str, **files: str) -> Result:
        """`predict` with `--data` and `--future` of these contents."""
        for name, content in files.items():
            (self.folder / f"{name}.csv").write_text(content, encoding="utf-8")
            options = (*options, f"--{name}", f"{name}.csv")
        return self.invoke("predict", self.run, "--no-learn", *options)

    def accept(self, *options: str, **files: str) -> Result:
        """The same, which must succeed."""
        result = self(*options, **files)
        assert result.code == 0, result.err
        return result

    def refuse(self, *options: str, **files: str) -> dict[str, Any]:
        """The one error that is said, on standard error and as JSON."""
        plain, told = self(*options, **files), self(*options, "--json", **files)
        error: dict[str, Any] = told.json["error"]
        assert plain.out == ""
        assert plain.err.count("error: ") == 1
        assert "Traceback" not in plain.err
        assert f"error: {error['message']}" in plain.err
        assert plain.code == told.code == told.json["exit_code"]
        return {**error, "code": plain.code, "said": plain.err}


@pytest.fixture
def daily(
    trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> Predictor:
    """A run of `day` and `y`, with a lookback of 7 days and a horizon of 3."""
    monkeypatch.chdir(tmp_path)
    return Predictor(trained_run, tmp_path, invoke)


def written(change: Change = lambda frame: frame) -> str:
    """The data that the run was trained on, changed, as CSV."""
    frame = weekly_cycle()
    changed = change(frame)
    table = frame if changed is None else changed
    text: str = table.to_csv(index=False)
    return text


def days(freq: str, form: str = "%Y-%m-%d %H:%M") -> Change:
    """Other times for the rows."""
    return lambda frame: frame.assign(
        day=pd.date_range("2024-01-01", periods=len(frame), freq=freq).strftime(form)
    )


def field(row: int, text: object) -> Change:
    """Another text for one value of `y`."""
    return lambda frame: frame.assign(
        y=[text if i == row else value for i, value in enumerate(frame["y"])]
    )


# What is done to the data, what the error names (line, column, value), and what it says.
REFUSED: dict[str, tuple[Change, tuple[int | None, str | None, str | None], str]] = {
    "no target": (lambda f: f.rename(columns={"y": "z"}), (None, None, None), "no column 'y'"),
    "no time": (lambda f: f.rename(columns={"day": "date"}), (None, None, None), "no column 'day'"),
    "neither": (lambda f: f.set_axis(["a", "b"], axis=1), (None, None, None), "'day', 'y'"),
    "weekly": (days("7D"), (2, ANY, None), "the run's frequency 'D'"),
    "every other day": (days("2D"), (2, ANY, None), "The rows step by '2D'"),
    "hourly": (days("h"), (3, ANY, None), "The rows step by 'h'"),
    "monthly": (days("MS"), (3, ANY, None), "The rows step by 'MS'"),
    "other dates": (days("D", "%d/%m/%Y"), (2, "day", "01/01/2024"), "is not ISO 8601"),
    "with a zone": (
        days("D", "%Y-%m-%dT%H:%MZ"),
        (2, "day", "2024-01-01T00:00Z"),
        "the run was trained on times without a time zone",
    ),
    "Unix time": (
        lambda f: f.assign(day=range(1_700_000_000, 1_700_000_000 + 86_400 * len(f), 86_400)),
        (2, "day", "1700000000"),
        "or are Unix time",
    ),
    "twice": (lambda f: pd.concat([f, f.tail(1)]), (161, ANY, None), "again on line 162"),
    "a gap": (lambda f: f.drop(150), (152, ANY, None), "1 after 2024-05-29"),
    "a text": (field(100, "many"), (102, "y", "many"), "this is not a number"),
    "a percent sign": (field(100, "5%"), (102, "y", "5%"), "Take the percent sign out"),
    "infinite": (field(100, "inf"), (102, "y", "inf"), "an infinite value"),
    "too large": (field(159, "1e39"), (161, "y", "1e+39"), "too large to compute with"),
    "missing": (field(155, ""), (157, "y", None), "inside the last 7 rows"),
    "nothing known": (lambda f: f.assign(y=""), (None, "y", None), "every value of the target"),
    "too short": (
        lambda f: f.tail(5),
        (None, None, None),
        "a forecast reads 7 rows (window.lookback 7), the data have 5: 2 too few",
    ),
    "one row": (lambda f: f.tail(1), (None, None, None), "the data have 1: 6 too few"),
    "no row": (lambda f: f.head(0), (None, None, None), "a header but no rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_data_that_do_not_fit_the_run_are_refused(name: str, daily: Predictor) -> None:
    change, place, says = REFUSED[name]
    error = daily.refuse(data=written(change))
    assert error["code"] == 3
    assert (error["file"], error["line"], error["column"], error["value"]) == ("data.csv", *place)
    assert says in error["message"]


def test_an_empty_file_is_refused(daily: Predictor) -> None:
    error = daily.refuse(data="")
    assert (error["code"], error["file"]) == (3, "data.csv")
    assert "the file is empty" in error["message"]


def test_settings_that_a_message_names_are_those_of_the_run(daily: Predictor) -> None:
    error = daily.refuse(data=written(lambda frame: frame.drop(150)))
    assert "Settings of a run are fixed: change the file, or train with them." in error["said"]
    assert "Settings" not in daily.refuse(data=written(days("h")))["said"]


TAKEN: dict[str, Change] = {
    "as it was": lambda frame: frame,
    "reordered": lambda frame: frame[["y", "day"]],
    "with more columns": lambda frame: frame.assign(note="x", extra=1)[["note", "y", "day"]],
    "just long enough": lambda frame: frame.tail(7),
    "ends before training did": lambda frame: frame.head(50),
    "long before": lambda frame: frame.assign(day=pd.date_range("1990-01-01", periods=160)),
    "long after": lambda frame: frame.assign(day=pd.date_range("2099-01-01", periods=160)),
    "a gap in what is not read": field(20, ""),
    "quoted": lambda frame: frame.assign(y=frame["y"].map(lambda value: f" {value} ")),
}


@pytest.mark.parametrize("name", TAKEN)
def test_data_that_fit_are_forecast_from_without_a_warning(name: str, daily: Predictor) -> None:
    text = written(TAKEN[name])
    result = daily.accept(data=text)
    assert result.err == ""
    last = pd.read_csv(io.StringIO(text))["day"].max()
    forecast = pd.read_csv(io.StringIO(result.out), parse_dates=["day"])
    assert forecast["day"].tolist() == list(pd.date_range(last, periods=4)[1:])


# What is done to the data, and the warning.
WARNED: dict[str, tuple[Change, str]] = {
    "1,000 times larger": (
        lambda f: f.assign(y=f["y"] * 1000),
        "(data.csv, line 161), and its mean in training is 10.0",
    ),
    "1,000 times smaller": (lambda f: f.assign(y=f["y"] / 1000), "not to be relied on"),
    "another series": (lambda f: f.assign(y=-f["y"]), "Is it another unit, or another series?"),
    "unsorted": (lambda f: f[::-1], "sorted the rows by time"),
    "ends without target": (field(159, ""), "left out 1 row at the start or end of a series"),
}


@pytest.mark.parametrize("name", WARNED)
def test_data_unlike_those_of_training_are_forecast_from_with_a_warning(
    name: str, daily: Predictor
) -> None:
    change, says = WARNED[name]
    result = daily.accept(data=written(change))
    assert result.err.count("warning: ") == 1
    assert says in result.err
    assert len(pd.read_csv(io.StringIO(result.out))) == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--steps", "0"), "Invalid value for '--steps'"),
        (("--steps", "-1"), "Invalid value for '--steps'"),
        (("--steps", "many"), "Invalid value for '--steps'"),
        (("--samples", "0"), "Invalid value for '--samples'"),
    ],
)
def test_a_number_of_steps_that_cannot_be_is_a_usage_error(
    options: tuple[str, ...], says: str, daily: Predictor
) -> None:
    error = daily.refuse(*options)
    assert error["code"] == 2
    assert says in error["message"]
    assert ". `lstmcast predict --help` shows" in error["message"]


@pytest.mark.parametrize("name", ["nope.csv", "."])
def test_a_file_that_is_none_is_refused(name: str, daily: Predictor) -> None:
    error = daily.refuse("--data", name)
    assert (error["code"], error["file"]) == (3, name)


def test_future_covariates_of_a_run_without_are_refused(daily: Predictor) -> None:
    error = daily.refuse(data=written(), future="day,f\n2024-06-09,1\n")
    assert error["code"] == 2
    assert "the run has no future covariates" in error["message"]
    assert "Leave it out" in error["message"]


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> Predictor:
    """A run of the series a and b with covariates of each kind; lookback 4, horizon 3."""
    columns = {"past_covariates": ["p", "kind"], "future_covariates": ["f"]}
    data = dataset_of(series("ab"), data={"series": "id", **columns})
    run = write_run(data, tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Forecaster, "network", lambda _: network_of(data))
    monkeypatch.setattr("lstmcast.cli.predict.warn_of_keras", lambda *_: None)
    return Predictor(run, tmp_path, invoke)


def series(names: str, lengths: Mapping[str, int] | None = None, **columns: Any) -> pd.DataFrame:
    """Rows of each series, 40 days unless told otherwise."""
    pieces = []
    for name in names:
        n_rows = (lengths or {}).get(name, 40)
        steps = pd.RangeIndex(n_rows)
        times = pd.date_range("2024-01-01", periods=n_rows).strftime("%Y-%m-%d")
        piece = {"time": times, "id": name, "y": steps % 7, "p": steps % 5, "f": steps % 3}
        piece["kind"] = ["wet" if step % 2 else "dry" for step in steps]
        pieces.append(pd.DataFrame(piece).assign(**columns))
    return pd.concat(pieces, ignore_index=True)


def ahead(names: str = "ab", n_rows: int = 3, **columns: Any) -> str:
    """The future covariates after the 40 days of each series, as CSV."""
    times = pd.date_range("2024-02-10", periods=n_rows).strftime("%Y-%m-%d")
    pieces = [pd.DataFrame({"time": times, "id": name, "f": 1}) for name in names]
    return pd.concat(pieces).assign(**columns).to_csv(index=False)


@pytest.mark.parametrize(
    ("history", "future", "says"),
    [
        (series("abc"), ahead("abc"), "'c': not in training, so forecast with what was learned"),
        (series("a"), ahead("a"), "'b': in training, but not in these data"),
        (series("ab", kind="hail"), ahead(), "kind 'hail' (first data.csv, line 2): not in train"),
        (
            series("ab", p=5000),
            ahead(),
            "p is 5000 at 2024-02-09 of series 'a' (data.csv, line 41)",
        ),
        (series("ab"), ahead(f=5000), "f is 5000 at 2024-02-12 of series 'a' (future.csv, line 4)"),
    ],
)
def test_a_panel_unlike_that_of_training_is_forecast_with_a_warning(
    history: pd.DataFrame, future: str, says: str, panel: Predictor
) -> None:
    result = panel.accept(data=history.to_csv(index=False), future=future)
    assert result.err.count("warning: ") == 1
    assert says in result.err


def test_series_that_end_at_different_times_are_told(panel: Predictor) -> None:
    history = series("ab", {"b": 30})
    future = ahead("a") + "2024-01-31,b,1\n2024-02-01,b,1\n2024-02-02,b,1\n"
    result = panel.accept(data=history.to_csv(index=False), future=future)
    assert "warning: the series end at different times, from 2024-01-30 to 2024-02-09" in result.err


def test_a_series_that_is_spelled_otherwise_gets_a_near_name(panel: Predictor) -> None:
    history = series("ab").replace({"id": {"a": "A"}})
    result = panel.accept(data=history.to_csv(index=False), future=ahead("Ab"))
    assert "'A': not in training" in result.err
    assert "Did you mean 'a'?" in result.err


FUTURES = [
    (None, 3, (None, None, None), "future covariates are needed: f from 2024-02-10 to 2024-02-12"),
    (ahead("ab", 1), 3, (None, "f", None), "2024-02-11 of series 'a'"),
    (ahead("a"), 3, (None, "f", None), "2024-02-10 of series 'b'; 2024-02-11 of series 'b'"),
    (
        ahead().replace("2024-02-11,b,1", "2024-02-11,b,"),
        3,
        (6, "f", None),
        "missing at 2024-02-11",
    ),
    (ahead().replace("2024-02-11,b,1", "2024-02-11,b,x"), 3, (6, "f", "x"), "not a number"),
    (ahead().replace("2024-02", "2024-03"), 3, (None, "f", None), "missing at 2024-02-10"),
    (ahead().replace("f\n", "g\n"), 3, (None, None, None), "no column 'f'"),
    (ahead().replace("id", "name"), 3, (None, None, None), "no column 'id'"),
    (ahead("ab", 0), 3, (None, None, None), "a header but no rows"),
    (ahead("aab"), 3, (2, ANY, None), "again on line 5"),
]


@pytest.mark.parametrize(
    ("future", "code", "place", "says"), FUTURES, ids=[row[3][:30] for row in FUTURES]
)
def test_future_covariates_that_do_not_reach_are_refused(
    future: str | None,
    code: int,
    place: tuple[int | None, str | None, str | None],
    says: str,
    panel: Predictor,
) -> None:
    files = {} if future is None else {"future": future}
    error = panel.refuse(data=series("ab").to_csv(index=False), **files)
    assert error["code"] == code
    assert (error["line"], error["column"], error["value"]) == place
    assert error["file"] == (None if future is None else "future.csv")
    assert says in error["message"]


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (lambda f: f.drop(columns="p"), (None, None, None), "no column 'p'"),
        (lambda f: f.drop(columns="f"), (None, None, None), "no column 'f'"),
        (lambda f: f.drop(columns="id"), (None, None, None), "no column 'id'"),
        (lambda f: f.replace({"id": {"b": ""}}), (42, "id", None), "the id of the series is miss"),
        (lambda f: f.assign(p="high"), (2, "p", "high"), "this is not a number"),
        (lambda f: f.assign(p=""), (38, "p", None), "missing at 2024-02-06 of series 'a'"),
    ],
)
def test_a_panel_that_does_not_fit_is_refused(
    change: Change, place: tuple[int | None, str | None, str | None], says: str, panel: Predictor
) -> None:
    history = change(series("ab"))
    error = panel.refuse(data=history.to_csv(index=False), future=ahead())
    assert (error["code"], error["file"]) == (3, "data.csv")
    assert (error["line"], error["column"], error["value"]) == place
    assert says in error["message"]
