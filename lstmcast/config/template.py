"""The commented config that `lstmcast init` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lstmcast.config.schema import Calendar, CsvFormat
from lstmcast.config.yaml_document import resolve_scalar

# Where comments begin, as far as the values leave room for it.
_COLUMN = 36
# Words that need no quotes in YAML wherever they stand, unless they read as something else.
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./ -]*(?<! )")


@dataclass(frozen=True)
class Outline:
    """What the config is to say; the defaults are places to fill in.

    Attributes:
        name: Of the experiment.
        about: Lines of the comment on top.
        schema_file: JSON Schema for editors, relative to the config; None leaves the line out.
        path: The data, relative to the config.
        csv: How they are written.
        time: Time column, or its parts.
        format: strptime format of the time column.
        series: Id column of a panel.
        target: Column to forecast.
        past_covariates: Columns known up to the origin.
        static_covariates: Columns with one value for each series.
        step: How long a step is, for the comments.
        has_duplicates: Times repeat.
        has_gaps: Rows are missing.
        missing: Strategy for missing values; `error` where there are none.
        calendar: Calendar features.
        lookback: Of the window.
        horizon: Of the window.
        segment: Steps that the architecture `segment` reads at once; None for an `lstm`.
        why: Why it is this architecture, for the comment beside it.
        units: Of the one recurrent layer.
        batch_size: Of the training.
    """

    name: str = "my-forecast"
    about: tuple[str, ...] = ()
    schema_file: str | None = None
    path: str = "data.csv"
    csv: CsvFormat = field(default_factory=CsvFormat)
    time: tuple[str, ...] = ("date",)
    format: str | None = None
    series: str | None = None
    target: str = "value"
    past_covariates: tuple[str, ...] = ()
    static_covariates: tuple[str, ...] = ()
    step: str | None = None
    has_duplicates: bool = False
    has_gaps: bool = False
    missing: str = "error"
    calendar: tuple[Calendar, ...] = ()
    lookback: int = 48
    horizon: int = 1
    segment: int | None = None
    why: str = "or gru, attention, cnn_lstm, seq2seq, segment"
    units: int = 64
    batch_size: int = 64


def render_template(outline: Outline) -> str:
    """A commented config as YAML; it loads, and every value in it is the outline's."""
    return "\n".join([*_header(outline), *_data(outline), *_rest(outline)]) + "\n"


def _header(outline: Outline) -> Iterator[str]:
    if outline.schema_file is not None:
        yield f"# yaml-language-server: $schema={outline.schema_file}"
    yield from (f"# {line}".rstrip() for line in outline.about)
    yield _line(f"name: {_scalar(outline.name)}", "begins the name of each run directory")


def _data(outline: Outline) -> Iterator[str]:
    yield "data:"
    yield _line(f"  path: {_scalar(outline.path)}", "relative to this file")
    parts = len(outline.time) > 1
    time = _list(outline.time) if parts else _scalar(outline.time[0])
    yield _line(f"  time: {time}", "the parts of the time" if parts else "the time of each row")
    if outline.format is not None:
        yield _line(f"  format: {_scalar(outline.format)}", "of the time column")
    if outline.series is not None:
        yield _line(f"  series: {_scalar(outline.series)}", "which series a row belongs to")
    yield _line(f"  target: {_scalar(outline.target)}", "the column to forecast, or a list")
    yield from _covariates(outline)
    yield from _csv(outline.csv)
    if outline.has_duplicates:
        yield _line("  duplicates: last", "times repeat: or first, mean, sum")
    if outline.has_gaps:
        yield _line("  gaps: fill", "insert the rows that are missing")
    if outline.missing == "error":
        yield _line(
            "  # missing: {strategy: ffill}", "where values are missing: or seasonal, zero …"
        )
    else:
        yield _line(
            f"  missing: {{strategy: {outline.missing}}}", "or ffill, interpolate, zero, drop …"
        )


def _covariates(outline: Outline) -> Iterator[str]:
    past, static = outline.past_covariates, outline.static_covariates
    yield from _columns("past_covariates", past, "known up to the origin of a forecast")
    yield from _columns("future_covariates", (), "known over the horizon too: move them here")
    if static:
        yield from _columns("static_covariates", static, "one value for each series")


def _columns(role: str, names: Sequence[str], comment: str) -> Iterator[str]:
    """The columns of a role, one a line, so that one is easily moved to another role."""
    yield _line(f"  {role}:{'' if names else ' []'}", comment)
    yield from (f"    - {_scalar(name)}" for name in names)


def _csv(csv: CsvFormat) -> Iterator[str]:
    """How the text is written, where it is not the default."""
    default = CsvFormat().model_dump()
    own = {name: value for name, value in csv.model_dump().items() if value != default[name]}
    if own:
        yield _line("  csv:", "how the text is written")
    for name, value in own.items():
        yield f"    {name}: {_list(value) if isinstance(value, list) else _scalar(value)}"


def _rest(outline: Outline) -> Iterator[str]:
    yield "features:"
    yield _line(f"  calendar: {_list(outline.calendar)}", "of the time, as sine and cosine")
    yield "  # lags, rolling, differences, interactions, polynomials, time_since: see the schema"
    yield "split: {train: 0.70, validation: 0.15, test: 0.15}   # in time order, never shuffled"
    step = f" of {outline.step}" if outline.step else ""
    yield "window:"
    yield _line(f"  lookback: {outline.lookback}", f"steps{step} that the network reads")
    yield _line(f"  horizon: {outline.horizon}", "steps that it forecasts, all at once")
    if outline.series is not None:
        yield _line("scaling: {per: series}", "the series may differ in size")
    yield "model:"
    yield _line(f"  type: {'segment' if outline.segment else 'lstm'}", outline.why)
    if outline.segment:
        yield _line(f"  segment: {outline.segment}", "steps that it reads at once: a season")
        yield _line("  cell: gru", "or lstm: slower, and here no better")
        yield _line("  dropout: 0.3", "raise it if validation gets worse early")
    yield _line(f"  units: [{outline.units}]", "of each layer; two layers: [64, 32]")
    yield _line("  window_norm: last", "forecast the change since the last value")
    yield _line("  linear_share: 0.3", "of a linear model's forecast, which errs otherwise")
    yield "training:"
    yield _line("  epochs: 100", "at most: it stops when validation no longer improves")
    yield _line(f"  batch_size: {outline.batch_size}", "windows in each gradient step")
    if outline.segment:
        yield _line("  loss: mae", "less moved by outliers than mse")
    rate = "0.001" if outline.segment else "0.002"
    yield _line(f"  learning_rate: {rate}", "lower it if the loss jumps")


def _line(text: str, comment: str) -> str:
    return f"{text:<{_COLUMN}}# {comment}" if len(text) < _COLUMN else f"{text}   # {comment}"


def _scalar(value: object) -> str:
    """A value on one line, in quotes where YAML would read something else."""
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and resolve_scalar(value) == value
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[object]) -> str:
    return f"[{', '.join(map(_scalar, values))}]"
