"""Forecasts of many windows of a panel, and their scores, without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.config.schema import BaselineName, Config
from lstmcast.data.panel import FloatArray, IntArray, Panel
from lstmcast.data.preparation import Preparation, finite_or_null
from lstmcast.data.preparing import Prepared
from lstmcast.data.splitting import Splits
from lstmcast.data.windows import origins
from lstmcast.evaluation.baselines import baseline_forecasts
from lstmcast.evaluation.by_series import series_scores
from lstmcast.evaluation.diagnostics import echo_check
from lstmcast.evaluation.forecasts import ByWindow, StepsAhead, WindowForecasts
from lstmcast.evaluation.scoring import mase_scale, scaled_scores, score_split
from lstmcast.evaluation.verdicts import baseline_verdict
from lstmcast.runtime.calibration import Calibration, Outputs
from lstmcast.runtime.intervals import add_intervals, interval_verdicts, measure_intervals
from lstmcast.runtime.kept_metrics import kept_scales
from lstmcast.runtime.network import Network
from lstmcast.runtime.outputs import all_outputs, forecast_levels, window_outputs
from lstmcast.runtime.unseen import unseen_windows

if TYPE_CHECKING:
    from lstmcast.runtime.bundle import Bundle


@dataclass(frozen=True)
class Scales:
    """What metrics divide by, from training rows; kept in `metrics.json`.

    Attributes:
        series: Ids of the training series.
        mase: float64, `(n_series, n_targets)`, in-sample seasonal naive MAE.
        deviation: float64, `(n_targets,)`, population deviation over the training rows.
    """

    series: tuple[str, ...]
    mase: FloatArray
    deviation: FloatArray

    def mase_of(self, panel: Panel) -> FloatArray:
        """The scale of each series of a panel, `(n_series, n_targets)`; a new one's is the mean."""
        known = {name: i for i, name in enumerate(self.series)}
        every = np.concatenate([self.mase, self.mase.mean(axis=0, keepdims=True)])
        return every[[known.get(name, len(self.series)) for name in panel.series]]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; a number that is not finite is null."""
        return {
            "series": list(self.series),
            "mase": finite_or_null(self.mase),
            "deviation": self.deviation.tolist(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Scales:
        """The inverse of `to_json`."""
        return cls(
            series=tuple(values["series"]),
            mase=np.array(values["mase"], dtype=np.float64),
            deviation=np.array(values["deviation"], dtype=np.float64),
        )


def training_scales(prepared: Prepared, splits: Splits) -> Scales:
    """What metrics divide by, from the observed targets of the training rows."""
    panel = prepared.panel
    mase = mase_scale(
        prepared.actual,
        offsets=panel.offsets,
        train_bounds=splits.of("train"),
        season_length=panel.schema.season_length,
    )
    training = prepared.actual[splits.rows("train", panel.n_rows)]
    return Scales(series=panel.series, mase=mase, deviation=np.nanstd(training, axis=0))


def forecast_windows(
    prepared: Prepared,
    preparation: Preparation,
    network: Network,
    *,
    split: str,
    starts: IntArray,
    calibration: Calibration | None = None,
    said: Outputs | None = None,
) -> WindowForecasts:
    """Forecast windows of a panel, beside what came true and the baselines.

    Args:
        prepared: The panel, made ready.
        preparation: What was fitted.
        network: From inputs to outputs.
        split: Name to give the result.
        starts: int64, `(n_windows,)`.
        calibration: Of the run; None for the network's own quantiles.
        said: What the network says of the windows, where it was asked already.
    """
    if calibration is not None and said is None:
        said = all_outputs(network, prepared, preparation, starts)
    outputs = window_outputs(
        network, prepared, preparation, starts, calibration=calibration, said=said
    )
    observed = Observed(prepared.panel, prepared.actual)
    forecasts = Said(
        starts=starts,
        points=outputs.points,
        quantiles=outputs.quantiles,
        levels=forecast_levels(preparation.config, calibration),
        parameters=outputs.parameters,
    )
    return beside_actuals(forecasts, observed, preparation.config, split=split)


@dataclass(frozen=True)
class Observed:
    """What came true.

    Attributes:
        panel: The rows.
        actual: float64, `(n_rows, n_targets)`, the observed targets, NaN where missing.
    """

    panel: Panel
    actual: FloatArray


@dataclass(frozen=True)
class Said:
    """What a model said of some windows, in the user's units.

    Attributes:
        starts: int64, `(n_windows,)`.
        points: float64, `(n_windows, horizon, n_targets)`.
        quantiles: float64, `(n_windows, horizon, n_targets, n_levels)`, taken by window; None for a
            point forecast.
        levels: Those of the quantiles.
        parameters: float64, `(n_windows, horizon, n_targets, P)`, of the distribution; None where
            it is not known.
    """

    starts: IntArray
    points: FloatArray
    quantiles: ByWindow | None
    levels: tuple[float, ...]
    parameters: FloatArray | None = None


def beside_actuals(
    said: Said, observed: Observed, config: Config, *, split: str = "test"
) -> WindowForecasts:
    """Forecasts beside what came true and the baselines."""
    panel, window = observed.panel, config.window
    ahead = said.starts + window.lookback + window.lead
    return WindowForecasts(
        split=split,
        starts=said.starts,
        series=panel.series_of_row[said.starts],
        origin_times=panel.times[origins(said.starts, window)],
        times=StepsAhead(panel.times, ahead, window.horizon),
        y_true=StepsAhead(observed.actual, ahead, window.horizon),
        y_pred=said.points,
        quantiles=said.quantiles,
        levels=said.levels,
        distribution=None if said.parameters is None else config.output.type,
        parameters=said.parameters,
        baselines={
            name: _Baseline(name, observed, config, said.starts)
            for name in config.evaluation.baselines
        },
        targets=panel.schema.targets,
        series_names=panel.series,
    )


@dataclass(frozen=True)
class _Baseline:
    """A baseline's forecasts, computed for the windows that are asked for and not kept.

    Those of all windows and baselines at once would be several times as large as the model's.
    """

    name: BaselineName
    observed: Observed
    config: Config
    starts: IntArray

    def __getitem__(self, windows: slice | IntArray, /) -> FloatArray:
        """Those of some windows, float64 `(w, H, T)`."""
        panel = self.observed.panel
        return baseline_forecasts(
            [self.name],
            self.observed.actual,
            offsets=panel.offsets,
            starts=self.starts[windows],
            window=self.config.window,
            season_length=panel.schema.season_length,
        )[self.name]


def score_forecasts(
    forecasts: WindowForecasts, scales: Scales, panel: Panel, metrics: Sequence[Any]
) -> tuple[dict[str, Any], dict[str, float | None]]:
    """Scores in the user's units, of model and baselines, and the model's standardised ones."""
    scores = score_split(forecasts, metrics, scales.mase_of(panel))
    return scores, scaled_scores(forecasts, scales.deviation)


def evaluate_panel(bundle: Bundle, panel: Panel, network: Network) -> dict[str, Any]:
    """Measure a run on new data.

    Only windows whose targets come after the validation period of training are measured: what came
    before was trained on, or chosen by. Of a series that training did not have, all are.

    Args:
        bundle: The run.
        panel: The new data, of the run's schema.
        network: From inputs to outputs.

    Returns:
        `windows`, `metrics` and `metrics_scaled` of the split `test`, `intervals` of a run that is
        calibrated, and `verdicts`; of a panel also `over_series` and `worst_series`.

    Raises:
        DataError: If values are missing and the config has no strategy for them.
        TooShortError: If there is no such window.
    """
    preparation = bundle.preparation
    prepared, starts = unseen_windows(panel, preparation)
    calibrated = bundle.calibration()
    calibration = calibrated and calibrated[0]
    said = all_outputs(network, prepared, preparation, starts)
    forecasts = forecast_windows(
        prepared,
        preparation,
        network,
        split="test",
        starts=starts,
        calibration=calibration,
        said=said,
    )
    scales = Scales.from_json(kept_scales(bundle))
    metrics = preparation.config.evaluation.metrics
    scores, scaled = score_forecasts(forecasts, scales, panel, metrics)
    by_series = {}
    if panel.schema.series is not None:
        by_series = series_scores(forecasts, metrics, scales.mase_of(panel)).summary()
    verdict = baseline_verdict(scores, config=preparation.config)
    echo = echo_check(forecasts, lead=preparation.config.window.lead)
    found: dict[str, Any] = {
        "windows": {"test": len(starts)},
        "metrics": {"test": scores},
        "metrics_scaled": {"test": scaled},
        **by_series,
    }
    if calibration is not None:
        intervals = measure_intervals(
            calibration,
            prepared,
            preparation,
            said,
            forecasts=forecasts,
            mase_scale=scales.mase_of(panel),
        )
        add_intervals(found, intervals)
    found["verdicts"] = {
        "baseline": {"text": verdict.text, "beats": verdict.beats, "skill": verdict.skill},
        **interval_verdicts(found),
        "echo": {"text": echo.text, "is_echo": echo.is_echo},
    }
    return found
