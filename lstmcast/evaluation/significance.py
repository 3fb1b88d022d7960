"""Whether one forecast is better than another, or the windows only happen to say so.

Everything here works on a series of loss differences, one for each origin in the order of time: the
loss of one forecast less that of the other. Forecasts of neighbouring origins share most of their
target steps, and errors persist, so such a series is correlated with itself; what takes its values
as independent finds differences that are not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.data.panel import FloatArray

# Below it there is nothing to estimate a variance from.
MIN_ORIGINS = 8
RESAMPLES = 999
_MIN_BLOCKS = 4


@dataclass(frozen=True)
class MeanTest:
    """A two-sided test that the mean difference is zero.

    Attributes:
        statistic: Student's t.
        freedom: Its degrees of freedom.
        p: Probability of one as large or larger where the mean is zero.
    """

    statistic: float
    freedom: int
    p: float


@dataclass(frozen=True)
class DieboldMariano:
    """The test of Diebold and Mariano as Harvey, Leybourne and Newbold correct it.

    Attributes:
        statistic: Negative where the first forecast has the smaller loss.
        p: Two-sided, from Student's t with one degree of freedom less than there are origins.
        lags: Autocovariances in the variance.
        kernel: `rectangular`, or `bartlett` where the rectangular one is not positive.
    """

    statistic: float
    p: float
    lags: int
    kernel: str


@dataclass(frozen=True)
class PairedTests:
    """Tests of paired values that are independent of each other: seeds, or disjoint folds.

    Attributes:
        n: Number of pairs.
        difference: Mean difference.
        interval: Of the mean difference, from Student's t; None where the pairs do not differ.
        p_t: Of the paired t test; None where all differences are equal.
        p_wilcoxon: Of Wilcoxon's signed-rank test; None where all pairs are equal. With fewer than
            six pairs it cannot fall below 0.05.
    """

    n: int
    difference: float
    interval: tuple[float, float] | None
    p_t: float | None
    p_wilcoxon: float | None


def mean_test(differences: FloatArray, horizon: int) -> MeanTest | None:
    """Test that the mean difference is zero, whatever its autocorrelation.

    The statistic is that of Diebold & Mariano (1995, J. Business & Economic Statistics 13(3)); the
    variance is the equal-weighted cosine estimate, and the statistic then follows Student's t with
    as many degrees of freedom as cosines (Lazarus, Lewis, Stock & Watson 2018, ibid. 36(4); for
    forecasts, with its near relatives, Coroneo & Iacone 2020, J. Applied Econometrics 35(4)). The
    former take 0.4 n^(2/3) cosines. No more than n / horizon are taken here: those of a period
    shorter than twice the horizon do not see the correlation that overlapping targets bring.

    Args:
        differences: float64 `(n,)`, in the order of time.
        horizon: Steps from the origin to the target: forecasts of origins that lie less than that
            apart are correlated even where they are as good as can be.

    Returns:
        The test; None with fewer than `MIN_ORIGINS` differences, or where all are equal.
    """
    from scipy import fft, stats

    n = len(differences)
    if n < MIN_ORIGINS or _constant(differences):
        return None
    cosines = max(1, min(math.floor(0.4 * n ** (2 / 3)), n // horizon))
    weights = fft.dct(differences, norm="ortho")[1 : cosines + 1]
    statistic = float(math.sqrt(n) * differences.mean() / np.sqrt(np.mean(weights**2)))
    return MeanTest(statistic, cosines, float(2 * stats.t.sf(abs(statistic), cosines)))


def diebold_mariano(differences: FloatArray, horizon: int) -> DieboldMariano | None:
    """The test as textbooks and R's `forecast::dm.test` have it.

    Diebold & Mariano (1995, J. Business & Economic Statistics 13(3)) with the correction for small
    samples of Harvey, Leybourne & Newbold (1997, Int. J. Forecasting 13(2)). The variance
    takes `horizon` - 1 autocovariances with equal weight, and with Bartlett's where that is not
    positive. It holds its level only where the errors of forecasts made `horizon` or more steps
    apart are uncorrelated; `mean_test` does not ask for that.

    Args:
        differences: float64 `(n,)`, in the order of time.
        horizon: Steps from the origin to the target.

    Returns:
        The test; None where there are no more differences than steps, or where all are equal.
    """
    from scipy import stats

    n = len(differences)
    if n <= max(horizon, 1) or _constant(differences):
        return None
    covariances = _autocovariances(differences, horizon - 1)
    variance, kernel = covariances[0] + 2 * covariances[1:].sum(), "rectangular"
    if variance <= 0:
        falling = 1 - np.arange(horizon) / horizon
        variance, kernel = 2 * falling @ covariances - covariances[0], "bartlett"
    correction = math.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = float(correction * differences.mean() / np.sqrt(variance / n))
    p = float(2 * stats.t.sf(abs(statistic), n - 1))
    return DieboldMariano(statistic, p, horizon - 1, kernel)


def _autocovariances(values: FloatArray, lags: int) -> FloatArray:
    """Those of lags 0 to `lags`, each divided by the number of values."""
    centred, n = values - values.mean(), len(values)
    return np.array([centred[lag:] @ centred[: n - lag] for lag in range(lags + 1)]) / n


def block_length(n: int, horizon: int) -> int:
    """Differences in a block of the bootstrap: √n, or the horizon where that is longer.

    A block must hold what is correlated. Never so long that there are fewer than four of them.
    """
    return max(1, min(max(horizon, round(math.sqrt(n))), n // _MIN_BLOCKS))


def bootstrap_interval(
    differences: FloatArray, horizon: int, *, level: float = 0.05, seed: int = 0
) -> tuple[float, float] | None:
    """An interval of the mean difference by the moving-block bootstrap.

    Blocks of neighbouring differences are drawn with replacement (Künsch 1989, Annals of Statistics
    17(3)). Each resample's mean is divided by its own deviation over the blocks it drew (Götze &
    Künsch 1996, ibid. 24(5)) and the interval is symmetric: percentiles of the means alone cover
    too little where blocks are few.

    Args:
        differences: float64 `(n,)`, in the order of time.
        horizon: Steps from the origin to the target.
        level: One less the coverage.
        seed: Of the draws.

    Returns:
        Its ends; None with fewer than `MIN_ORIGINS` differences.
    """
    n = len(differences)
    if n < MIN_ORIGINS:
        return None
    length = block_length(n, horizon)
    sums = np.concatenate([[0.0], np.cumsum(differences)])
    blocks = (sums[length:] - sums[:-length]) / length
    n_drawn = n // length
    draws = np.random.default_rng(seed).integers(0, len(blocks), size=(RESAMPLES, n_drawn))
    drawn = blocks[draws]
    excess = np.abs(drawn.mean(axis=1) - blocks.mean())
    deviation = drawn.std(axis=1, ddof=1) / math.sqrt(n_drawn)
    ratios = np.divide(excess, deviation, out=np.zeros_like(excess), where=deviation > 0)
    half = float(np.quantile(ratios, 1 - level) * blocks.std() / math.sqrt(n_drawn))
    mean = float(differences.mean())
    return mean - half, mean + half


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """P values corrected for the number of tests (Holm 1979, Scandinavian J. Statistics 6(2)).

    Tests without a p value are not counted, and stay without.
    """
    known = [(p, i) for i, p in enumerate(p_values) if p is not None]
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[place] = largest
    return corrected


def paired_tests(
    first: Sequence[float], second: Sequence[float], *, level: float = 0.05
) -> PairedTests:
    """Paired t test (Student 1908) and signed-rank test (Wilcoxon 1945).

    Only for values that are independent from pair to pair. Errors of windows that share steps are
    not.

    Args:
        first: Two values or more.
        second: As many, each belonging to the one of `first` at its place.
        level: One less the coverage of the interval.
    """
    from scipy import stats

    differences = np.subtract(first, second)
    n, mean = len(differences), float(differences.mean())
    p_wilcoxon = float(stats.wilcoxon(differences).pvalue) if differences.any() else None
    if _constant(differences):
        return PairedTests(n, mean, None, None, p_wilcoxon)
    found = stats.ttest_1samp(differences, 0.0)
    low, high = found.confidence_interval(1 - level)
    return PairedTests(n, mean, (float(low), float(high)), float(found.pvalue), p_wilcoxon)


def _constant(values: FloatArray) -> bool:
    """Whether the values differ by no more than rounding."""
    spread = float(np.ptp(values)) if len(values) else 0.0
    return spread <= 1e-12 * float(np.abs(values).max(initial=0.0))
