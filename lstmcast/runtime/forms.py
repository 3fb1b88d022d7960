"""The form of what a run keeps as JSON for others to read: its manifest and its metrics.

Hashes say that a file is the one that was written, not who wrote it: what is read here has the
keys and the types that the rest of the code takes for granted. Unknown keys are let through; a
later version may write them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from lstmcast.errors import BundleError

Number: TypeAlias = float | None
Count: TypeAlias = Annotated[int, Field(ge=0)]
BySplit: TypeAlias = Literal["train", "validation", "test"]


def _stamp(text: str) -> str:
    datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    return text


class _Form(BaseModel):
    """Exact types, and whatever else there is."""

    model_config = ConfigDict(strict=True, extra="allow", defer_build=True)


class _Numbers(_Form):
    """Numbers by name, and some that are more than a number."""

    __pydantic_extra__: dict[str, Number] = Field(init=False)


class _DataFacts(_Form):
    rows: Count
    series: Count
    first: str
    last: str
    fingerprint: str = ""


class _Shapes(_Form):
    lookback: Count
    horizon: Count


class _NetworkFacts(_Form):
    shapes: _Shapes
    parameters: Count


class _Seconds(_Form):
    total: float
    fit: float


class _Origin(_Form):
    """What every manifest says."""

    name: str
    created: Annotated[str, AfterValidator(_stamp)]
    versions: dict[str, str] = {}
    hardware: dict[str, str | float] = {}
    warnings: list[str] = []
    onnx: dict[str, str | float] = {}


class RunManifest(_Origin):
    """What the manifest of a run says, apart from its files."""

    backend: str
    data: _DataFacts
    network: _NetworkFacts
    seconds: _Seconds


class BacktestManifest(_Origin):
    """What the manifest of a backtest says, apart from its files."""


class _Scores(_Numbers):
    """How good one forecast is."""

    by_step: dict[str, list[Number]] = {}
    by_target: dict[str, dict[str, Number]] = {}
    by_class: dict[str, dict[str, Number]] = {}
    confusion: list[list[Count]] = []


class _Spread(_Form):
    mean: Number
    deviation: Number
    values: list[Number] = []


class _Verdict(_Form):
    text: str | None
    beats: bool | None = None
    skill: Number = None


class _Fits(_Form):
    seeds: list[int]
    epochs: list[Count]
    best_epoch: list[Count | None]


class _Members(_Fits):
    metrics: dict[str, dict[str, _Spread]]


class _WorstSeries(_Numbers):
    name: str
    windows: Count


class _Worst(_Form):
    metric: str | None
    series: list[_WorstSeries]


class _Scales(_Form):
    """What metrics are divided by; for each series and target."""

    series: Annotated[list[str], Field(min_length=1)]
    mase: list[list[Number]]
    deviation: list[float] = []

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        if len({len(row) for row in self.mase}) != 1 or len(self.mase) != len(self.series):
            raise ValueError("mase has other rows than there are series")
        return self


class _Priors(_Form):
    shares: list[list[Annotated[float, Field(ge=0, le=1)]]]


class _Metrics(_Form):
    """What every file of metrics says."""

    windows: dict[str, Count]
    metrics: dict[BySplit, dict[str, _Scores]]
    verdicts: dict[str, _Verdict]
    scales: _Scales | None = None
    priors: _Priors | None = None


class RunMetrics(_Metrics):
    """How good a run is."""

    epochs: Count
    best_epoch: Count | None
    intervals: dict[str, Any] | None = None
    members: _Members | None = None
    networks: _Fits | None = None
    over_series: dict[str, dict[str, _Spread]] | None = None
    worst_series: _Worst | None = None


class _Folds(_Verdict):
    won: int | None = None
    folds: int | None = None


class _FoldVerdicts(_Form):
    folds: _Folds


class _Fold(_Form):
    fold: Count


class BacktestMetrics(_Metrics):
    """How good a backtest is."""

    folds: list[_Fold]
    over_folds: dict[str, dict[str, _Spread]]


def check_manifest(values: Any, path: Path, *, is_run: bool) -> None:
    """Refuse a manifest that is none of ours.

    Raises:
        BundleError: Naming the first place that is not as it is written.
    """
    _check(RunManifest if is_run else BacktestManifest, values, path)


def check_metrics(values: Any, path: Path) -> None:
    """Refuse metrics that are none of ours: of a run, or of a backtest where there are folds.

    Raises:
        BundleError: Naming the first place that is not as it is written.
    """
    is_backtest = isinstance(values, dict) and "folds" in values
    _check(BacktestMetrics if is_backtest else RunMetrics, values, path)
    for split, scores in values["metrics"].items():
        if "model" not in scores or split not in values["windows"]:
            raise _refused(path, f"metrics.{split}: the scores or the windows of it are missing")
    if "test" not in values["metrics"]:
        raise _refused(path, "metrics.test: is missing")


def _check(form: type[BaseModel], values: Any, path: Path) -> None:
    try:
        form.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise _refused(path, f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None


def _refused(path: Path, what: str) -> BundleError:
    return BundleError(
        f"{path}: is not what lstmcast writes: {what}. Restore the run or train it again."
    )
