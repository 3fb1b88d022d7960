"""How good a classification is, and its run's files: as `measuring` and `recording`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.config.loading import dump_config
from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import IntArray, Schema
from lstmcast.data.splitting import SplitName
from lstmcast.evaluation.class_metrics import score_classes
from lstmcast.evaluation.class_verdict import class_verdict
from lstmcast.evaluation.classes import ClassForecasts
from lstmcast.evaluation.members import spread
from lstmcast.experiment.measuring import JUDGED, fit_facts, judged_fit, scored_windows
from lstmcast.experiment.network import Fitted
from lstmcast.experiment.recording import CSV_ROWS, history_frame, summary_of
from lstmcast.reporting.class_report import render_class_report
from lstmcast.reporting.contents import ClassContents, Fit
from lstmcast.reporting.report import choose_plots
from lstmcast.reporting.wording import utc_moment
from lstmcast.runtime import bundle as files
from lstmcast.runtime.classifying import Priors, classify_windows, training_priors
from lstmcast.runtime.kept_forecasts import PROBABILITIES
from lstmcast.runtime.network import Network
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.runtime.tables import class_forecasts_frame


@dataclass(frozen=True)
class MeasuredClasses:
    """The test forecasts, what `metrics.json` holds, and the verdicts as sentences."""

    test: ClassForecasts
    metrics: dict[str, Any]
    verdicts: tuple[str, ...]


@dataclass(frozen=True)
class _Judge:
    """What classifies windows of a dataset and scores them."""

    dataset: Dataset
    priors: Priors

    def classify(self, network: Network, split: SplitName, starts: IntArray) -> ClassForecasts:
        dataset = self.dataset
        return classify_windows(
            dataset.prepared,
            dataset.preparation,
            network,
            split=split,
            starts=starts,
            priors=self.priors,
        )

    def score(self, forecasts: ClassForecasts) -> dict[str, dict[str, Any]]:
        return score_classes(forecasts, self.dataset.preparation.config.evaluation.metrics)


def measure_classes(dataset: Dataset, fitted: Fitted) -> MeasuredClasses:
    """Classify the windows of every split and score them.

    Args:
        dataset: The splits.
        fitted: The network that the run will forecast with, its members, and how they were fitted.
    """
    priors = training_priors(dataset.prepared, dataset.preparation, dataset.starts["train"])
    judge, scored = _Judge(dataset, priors), scored_windows(dataset)
    metrics = {**fit_facts(dataset, fitted), "priors": priors.to_json()}
    if fitted.members:
        metrics["members"] = _members(judge, fitted)
    for split in ("train", "validation"):
        forecasts = judge.classify(fitted.network, split, scored[split])
        metrics["metrics"][split] = judge.score(forecasts)
    test = judge.classify(fitted.network, "test", scored["test"])
    metrics["metrics"]["test"] = judge.score(test)
    metrics["verdicts"] = _verdicts(metrics, fitted)
    texts = (verdict["text"] for verdict in metrics["verdicts"].values())
    return MeasuredClasses(test, metrics, tuple(text for text in texts if text))


def _members(judge: _Judge, fitted: Fitted) -> dict[str, Any]:
    """How good the members of an ensemble are alone, and how far they lie apart."""
    histories, starts = fitted.histories, judge.dataset.starts
    return {
        "seeds": list(judge.dataset.preparation.config.seeds),
        "epochs": [len(history.rows) for history in histories],
        "best_epoch": [history.best_epoch for history in histories],
        "metrics": {
            split: spread(
                [
                    judge.score(judge.classify(network, split, starts[split]))["model"]
                    for network in fitted.members
                ]
            )
            for split in JUDGED
        },
        "metrics_scaled": {split: {} for split in JUDGED},
    }


def _verdicts(metrics: Mapping[str, Any], fitted: Fitted) -> dict[str, Any]:
    against, fit = class_verdict(metrics["metrics"]["test"]), judged_fit(fitted)
    return {
        "baseline": {"text": against.text, "beats": against.beats, "skill": against.skill},
        "fit": {"text": fit.text, "kind": fit.kind},
    }


def write_class_results(
    writer: RunWriter, schema: Schema, fitted: Fitted, measured: MeasuredClasses
) -> None:
    """The network, how its fit went and what it forecasts."""
    test = measured.test
    writer.json(files.METRICS, measured.metrics)
    writer.weights(fitted.weights)
    writer.table(files.HISTORY, history_frame(fitted.histories))
    writer.arrays(files.FORECASTS, _arrays(test))
    if test.y_true.size <= CSV_ROWS:
        writer.table(files.FORECASTS_CSV, class_forecasts_frame(test, schema))


def _arrays(test: ClassForecasts) -> Iterator[tuple[str, np.ndarray]]:
    """What `forecasts.npz` holds."""
    yield "targets", np.array([test.target])
    yield "classes", np.array(test.classes)
    yield "series_names", np.array(test.series_names)
    yield "starts", test.starts
    yield "series", test.series
    yield "origin_times", test.origin_times
    yield "y_true", test.y_true
    yield PROBABILITIES, test.probabilities
    for name, baseline in test.baselines.items():
        yield f"baseline_{name}", baseline.classes


def write_class_report(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: Fitted,
    measured: MeasuredClasses,
) -> None:
    """Write the plots, and the page that holds them."""
    from lstmcast.reporting.plots.writing import write_class_plots

    contents = _contents(writer, manifest, dataset, fitted, measured)
    with writer.writing(files.PLOTS) as folder:
        plots = choose_plots(write_class_plots(contents, folder))
    writer.text(files.REPORT, render_class_report(contents, plots))


def _contents(
    writer: RunWriter,
    manifest: Mapping[str, Any],
    dataset: Dataset,
    fitted: Fitted,
    measured: MeasuredClasses,
) -> ClassContents:
    validated = len(dataset.fitted_starts.validation) > 0
    return ClassContents(
        name=manifest["name"],
        run_id=writer.final.name,
        created=utc_moment(manifest["created"]),
        config_text=dump_config(dataset.preparation.config),
        summary=summary_of(manifest, measured.metrics, dataset.panel),
        verdicts=measured.verdicts,
        warnings=tuple(manifest["warnings"]),
        fits=tuple(
            Fit(history.rows, history.best_epoch if validated else None)
            for history in fitted.histories
        ),
        test=measured.test,
        scores=measured.metrics["metrics"],
    )
