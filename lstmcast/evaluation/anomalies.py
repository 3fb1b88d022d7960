"""Anomalies: what lies further from its forecast than validation errors allow, by conformal ranks.

Conformal anomaly detection (Laxhammar & Falkman 2014, Annals of Mathematics and Artificial
Intelligence 74), with p-values of split conformal prediction (Vovk, Gammerman & Shafer 2005).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.panel import FloatArray
from lstmcast.data.windows import BoolArray

# What rounding may take from (n + 1)·rate where that is a whole number.
_ROUNDING = 1e-9
# Below this correlation the counts are binomial: more would be lost by rounding than is gained.
_INDEPENDENT = 1e-12
# A count with a smaller p-value is no chance.
UNLIKELY = 0.01
# A rate that comes out below this part of what was asked for is told.
NEARLY = 0.9


def conformity(y: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """How far a value lies outside an interval; inside, how far from its nearer end, negative.

    Of a point forecast, whose interval is the point, the absolute error; of quantiles the score of
    conformalised quantile regression (Romano, Patterson & Candès 2019, NeurIPS).

    Args:
        y: `(…)`.
        lower: `(…)`.
        upper: `(…)`.
    """
    return np.asarray(np.maximum(lower - y, y - upper))


def ranks(scores: FloatArray, ordered: FloatArray) -> NDArray[np.int64]:
    """The place of scores among those of validation, the largest being 1.

    The p-value is the rank divided by n + 1.

    Args:
        scores: float64 `(W,)`; NaN where there is none.
        ordered: float64 `(n,)`, those of validation, ascending.

    Returns:
        int64 `(W,)`: one more than the validation scores that are as large or larger; n + 1 for
        NaN.
    """
    found = 1 + len(ordered) - np.searchsorted(ordered, scores, side="left")
    return np.asarray(np.where(np.isnan(scores), len(ordered) + 1, found), dtype=np.int64)


def largest_rank(n: int, rate: float) -> int:
    """The largest rank among `n` validation scores that is an anomaly; 0 where none can be."""
    return math.floor((n + 1) * rate + _ROUNDING)


def threshold(ordered: FloatArray, rate: float) -> FloatArray:
    """The score up to which nothing is an anomaly.

    Args:
        ordered: float64 `(n, …)`, scores of validation, ascending along the first axis.
        rate: Of false alarms, 1 / (n + 1) or more.

    Returns:
        float64 `(…)`.
    """
    return np.asarray(ordered[len(ordered) - largest_rank(len(ordered), rate)])


def sparing(flags: BoolArray, rows: NDArray[np.int64], *, most: int, among: int) -> BoolArray:
    """Those flags of which there are no more than `most` among any so many rows in a row.

    Each flag, from the first on, is kept where fewer than `most` kept ones are among the rows
    before it; so what is kept depends on nothing later.

    Args:
        flags: bool, `(W,)`.
        rows: int64, `(W,)`, the row of each, ascending.
        most: How many are kept, 1 or more.
        among: The rows back to which they count, the flag's own included.

    Returns:
        bool, `(W,)`.
    """
    kept = np.zeros_like(flags)
    recent: deque[int] = deque(maxlen=most)
    for place in np.flatnonzero(flags).tolist():
        row = int(rows[place])
        if len(recent) < most or row - recent[0] >= among:
            recent.append(row)
            kept[place] = True
    return kept


@dataclass(frozen=True)
class Judged:
    """Points that were judged by the same validation scores.

    Attributes:
        n_points: How many.
        n_scores: Validation scores.
        rate: Of false alarms that was asked for.
    """

    n_points: int
    n_scores: int
    rate: float

    @property
    def share(self) -> float:
        """The rate that comes out: ranks are whole numbers."""
        return largest_rank(self.n_scores, self.rate) / (self.n_scores + 1)

    @property
    def variance(self) -> float:
        """Of the number of alarms.

        The points share the validation scores, so the number is beta-binomial with the parameters
        k and n + 1 - k (Vovk 2012, Conditional validity of inductive conformal predictors, ACML;
        Bates et al. 2023, Annals of Statistics 51(1)).
        """
        extra = (self.n_points - 1) / (self.n_scores + 2)
        return self.n_points * self.share * (1 - self.share) * (1 + extra)


def expected_alarms(judged: Sequence[Judged]) -> float:
    """How many points would be anomalies by chance alone."""
    return sum(each.n_points * each.share for each in judged)


def surplus_p_value(n_alarms: int, judged: Sequence[Judged]) -> float:
    """The probability of so many alarms or more, were the points exchangeable with validation.

    Exact where all points were judged by the same scores; else of the beta-binomial distribution
    with the mean and the variance that they have together, each group apart.

    Args:
        n_alarms: How many there were.
        judged: The points, by the scores that they were judged by.
    """
    n = sum(each.n_points for each in judged)
    share = expected_alarms(judged) / n
    if n_alarms == 0 or share >= 1:
        return 1.0
    spread = sum(each.variance for each in judged) / (n * share * (1 - share))
    correlation = (spread - 1) / (n - 1) if n > 1 else 0.0
    total = 1 / max(correlation, _INDEPENDENT) - 1
    alpha, beta = share * total, (1 - share) * total
    j = np.arange(n, dtype=np.float64)
    steps = np.log((n - j) * (alpha + j)) - np.log((j + 1) * (beta + n - j - 1))
    logarithms = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logarithms - logarithms.max())
    return float(min(1.0, weights[n_alarms:].sum() / weights.sum()))


def anomaly_verdict(n_alarms: int, judged: Sequence[Judged], *, rate: float) -> str:
    """What the anomalies come to, in two sentences.

    Args:
        n_alarms: How many there were.
        judged: The points, by the scores that they were judged by.
        rate: Of false alarms that was asked for.
    """
    n, expected = sum(each.n_points for each in judged), expected_alarms(judged)
    asked = f"{100 * rate:g} %"
    attained = expected / n
    if attained < NEARLY * rate:
        asked = (
            f"{100 * attained:.2g} %, the nearest below {asked} that the validation windows give"
        )
    lie = "points lies outside its interval"
    if n_alarms != 1:
        lie = "points lie outside their intervals"
    text = (
        f"{n_alarms:,} of {n:,} {lie} ({100 * n_alarms / n:.2g} %); {_whole(expected)} "
        f"to be expected at a rate of {asked}."
    )
    p = surplus_p_value(n_alarms, judged)
    if p >= UNLIKELY:
        return f"{text} That is no more than chance brings (p = {p:.2g})."
    return (
        f"{text} That is more than chance brings (p = {p:.1g}): some are real, or the series is no "
        "longer what it was in validation."
    )


def _whole(expected: float) -> str:
    if expected < 10:
        return f"{expected:.1f} were"
    return f"{expected:,.0f} were"
