"""Gates: limits that a measurement must keep, or the command exits with 1."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from lstmcast.cli.output import Console, print_error
from lstmcast.errors import ConfigError

GATE_EXIT = 1
MaxMase = Annotated[
    float | None,
    typer.Option("--max-mase", metavar="LIMIT", help="Exit with 1 if MASE is above this."),
]
MinCoverage = Annotated[
    float | None,
    typer.Option(
        "--min-coverage",
        metavar="SHARE",
        help="Exit with 1 if the outermost quantiles hold less than this share of what came true.",
    ),
]
BetterThan = Annotated[
    str | None,
    typer.Option(
        "--better-than",
        metavar="RUN|BASELINE",
        help="Exit with 1 if the error (MASE, else RMSE; of classes the accuracy) is not better "
        "than that of another run or backtest, or of a baseline such as seasonal_naive.",
    ),
]
MaxShare = Annotated[
    float | None,
    typer.Option(
        "--max-share",
        metavar="SHARE",
        help="Exit with 1 if more than this share of the values are anomalies.",
    ),
]


@dataclass(frozen=True)
class Judged:
    """What became of a gate.

    Attributes:
        gate: Its option, without the dashes.
        limit: What the value is held against, a number or a name; None where that is unknown.
        value: What was measured; None where it was not.
        passed: Whether the gate is kept.
        text: Why not, with both numbers; empty where it is.
    """

    gate: str
    limit: float | str | None
    value: float | None
    passed: bool
    text: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of all gates.

    Attributes:
        gates: In the order of the options.
        warnings: What makes a comparison doubtful.
    """

    gates: tuple[Judged, ...]
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all are kept."""
        return all(gate.passed for gate in self.gates)

    def fields(self) -> dict[str, Any]:
        """What the JSON object says of them; nothing without gates."""
        if not self.gates:
            return {}
        outcome = {} if self.passed else {"status": "failed", "exit_code": GATE_EXIT}
        gates = [
            {"gate": each.gate, "limit": each.limit, "value": each.value, "passed": each.passed}
            for each in self.gates
        ]
        return {**outcome, "gates": gates}

    def end(self, console: Console) -> None:
        """Say what is not kept, and end the command with 1 where something is not.

        Raises:
            typer.Exit: Then.
        """
        console.warn(self.warnings)
        if not self.passed:
            failed = [each.text for each in self.gates if not each.passed]
            print_error(f"{'a gate' if len(failed) == 1 else 'gates'} failed: {'; '.join(failed)}.")
            raise typer.Exit(GATE_EXIT)


Metrics = Mapping[str, Any]
Judge = Callable[[Metrics], Verdict]


@dataclass(frozen=True)
class Gates:
    """The limits that a command was given; None for those that it was not.

    Attributes:
        max_mase: Largest MASE.
        min_coverage: Smallest coverage, a share.
        better_than: A baseline, or another run or backtest.
    """

    max_mase: float | None = None
    min_coverage: float | None = None
    better_than: str | None = None

    def judge_for(self, baselines: Collection[str], runs_dir: Path) -> Judge:
        """What judges a measurement; what can be wrong with the gates is found before that is made.

        Args:
            baselines: What the model is measured beside.
            runs_dir: Where a run is looked up.

        Returns:
            A function of the `metrics.json` of a run or of a backtest.

        Raises:
            ConfigError: If a limit is no such number, or a baseline is not measured.
            BundleError: If there is no such run.
        """
        if self.min_coverage is not None and not 0 <= self.min_coverage <= 1:
            raise ConfigError(
                f"--min-coverage must be a share from 0 to 1. Received: {self.min_coverage:g}"
            )
        if self.max_mase is not None and not self.max_mase > 0:
            raise ConfigError(f"--max-mase must be above 0. Received: {self.max_mase:g}")
        other = None if self.better_than is None else _other(self.better_than, baselines, runs_dir)

        def judge(metrics: Metrics) -> Verdict:
            gates = tuple(self._judged(metrics["metrics"]["test"], other))
            return Verdict(gates, _doubts(metrics, self.better_than, other))

        return judge

    def _judged(self, scores: Metrics, other: Metrics | None) -> Iterator[Judged]:
        model = scores["model"]
        if self.max_mase is not None:
            yield _max_mase(self.max_mase, model.get("mase"))
        if self.min_coverage is not None:
            yield _min_coverage(self.min_coverage, model.get("coverage"))
        if self.better_than is not None:
            against = (
                scores[self.better_than] if other is None else other["metrics"]["test"]["model"]
            )
            yield _better_than(self.better_than, model, against)


def max_share(limit: float | None) -> Callable[[float], Verdict]:
    """What judges the share of anomalies; without a limit it is always kept.

    Raises:
        ConfigError: If the limit is no share.
    """
    if limit is not None and not 0 <= limit <= 1:
        raise ConfigError(f"--max-share must be a share from 0 to 1. Received: {limit:g}")

    def judge(share: float) -> Verdict:
        if limit is None:
            return Verdict(())
        passed = share <= limit
        text = (
            "" if passed else f"--max-share {limit:g}: the share of anomalies is {_number(share)}"
        )
        return Verdict((Judged("max-share", limit, share, passed, text),))

    return judge


def _other(name: str, baselines: Collection[str], runs_dir: Path) -> Metrics | None:
    """The metrics of another run or backtest; None where the name is that of a baseline."""
    from lstmcast.config.sections.types import BaselineName, StatisticalName

    if name in baselines:
        return None
    if name in (*get_args(BaselineName), *get_args(StatisticalName)):
        among = f"Those that are: {', '.join(baselines)}." if baselines else "There is none."
        raise ConfigError(f"--better-than {name}: it is not measured here. {among}")
    return measured(name, runs_dir)


def measured(name: str, runs_dir: Path) -> Metrics:
    """The metrics of a run or a backtest.

    Raises:
        BundleError: If there is no such run, or it is damaged.
    """
    from lstmcast.runtime.bundle import read_metrics, verify_bundle
    from lstmcast.runtime.runs import find_run

    path = find_run(name, runs_dir)
    verify_bundle(path)
    return read_metrics(path)


def _doubts(metrics: Metrics, name: str | None, other: Metrics | None) -> tuple[str, ...]:
    """Why the metrics of two runs may not measure the same thing."""
    if other is None or metrics["windows"]["test"] == other["windows"]["test"]:
        return ()
    ours, theirs = (each["windows"]["test"] for each in (metrics, other))
    return (
        f"--better-than {name}: it was measured on {theirs:,} windows, this on {ours:,}: they are "
        "not the same, and the comparison is to be taken with care.",
    )


def _max_mase(limit: float, value: float | None) -> Judged:
    if value is None:
        why = "MASE is undefined here, or not among evaluation.metrics"
        return Judged("max-mase", limit, None, passed=False, text=f"--max-mase {limit:g}: {why}")
    passed = value <= limit
    text = "" if passed else f"--max-mase {limit:g}: MASE is {_number(value)}"
    return Judged("max-mase", limit, value, passed, text)


def _min_coverage(limit: float, value: float | None) -> Judged:
    name = f"--min-coverage {limit:g}"
    if value is None:
        why = (
            "there is no interval; train with calibration.method auto and a validation split, or "
            "with output.type quantiles or a distribution, with several levels"
        )
        return Judged("min-coverage", limit, None, passed=False, text=f"{name}: {why}")
    passed = value >= limit
    return Judged(
        "min-coverage", limit, value, passed, "" if passed else f"{name}: it is {_number(value)}"
    )


def _better_than(name: str, model: Metrics, other: Metrics) -> Judged:
    """By MASE where both have one, else by RMSE; of classes by accuracy: more of it is better."""
    for metric in ("mase", "rmse", "accuracy"):
        value, limit = model.get(metric), other.get(metric)
        if value is not None and limit is not None:
            passed = value > limit if metric == "accuracy" else value < limit
            label = metric if metric == "accuracy" else metric.upper()
            numbers = f"{label} is {_number(value)} against {_number(limit)}"
            text = "" if passed else f"--better-than {name}: {numbers}"
            return Judged("better-than", limit, value, passed, text)
    why = "neither MASE, RMSE nor accuracy is known of both; name one in evaluation.metrics"
    return Judged("better-than", None, None, passed=False, text=f"--better-than {name}: {why}")


def _number(value: float) -> str:
    return f"{value:.4g}"
