"""The distributions that a network may give, computed from their parameters without Keras.

Parameters are float64 arrays `(…, P)`, in the order of `names`; probabilities and values broadcast
with `(…)`. SciPy's special functions are imported by what needs them, never for normal quantiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

from lstmcast.data.panel import FloatArray

# Relative difference from a whole number below which a computed one may stand for it.
ROUNDING = 1e-6


class Distribution(Protocol):
    """A family of distributions of one number."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of its parameters, in order."""

    def at_levels(self, parameters: FloatArray, levels: Sequence[float]) -> FloatArray:
        """Quantiles at levels, `(…, Q)`, ascending where the levels are."""

    def quantile(self, parameters: FloatArray, probability: FloatArray) -> FloatArray:
        """Quantiles at a probability for each, between 0 and 1, `(…)`."""

    def cdf(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """The probability of values up to these, `(…)`."""

    def transform(self, parameters: FloatArray, values: FloatArray, u: FloatArray) -> FloatArray:
        """The probability integral transform, which is uniform where the distribution is true.

        Args:
            parameters: `(…, P)`.
            values: `(…)`, what came true.
            u: `(…)`, uniform numbers; what is between the steps of a discrete distribution.
        """

    def crps(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """The continuous ranked probability score of each forecast in closed form, `(…)`.

        The integral over x of (F(x) - 1{y <= x})² (Matheson & Winkler 1976); in the unit of the
        values, the smaller the better.
        """

    def rescaled(self, parameters: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
        """Parameters of `scale · x + centre`, both broadcasting with `(…)`, scale above 0."""


@dataclass(frozen=True)
class Normal:
    """The normal distribution by its mean `loc` and deviation `scale`."""

    names: tuple[str, ...] = ("loc", "scale")

    def at_levels(self, parameters: FloatArray, levels: Sequence[float]) -> FloatArray:
        """As `Distribution.at_levels`."""
        standard = np.array([NormalDist().inv_cdf(level) for level in levels])
        return np.asarray(parameters[..., :1] + parameters[..., 1:] * standard)

    def quantile(self, parameters: FloatArray, probability: FloatArray) -> FloatArray:
        """As `Distribution.quantile`."""
        from scipy.special import ndtri

        return np.asarray(parameters[..., 0] + parameters[..., 1] * ndtri(probability))

    def cdf(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.cdf`."""
        from scipy.special import ndtr

        return np.asarray(ndtr((values - parameters[..., 0]) / parameters[..., 1]))

    def transform(self, parameters: FloatArray, values: FloatArray, u: FloatArray) -> FloatArray:
        """As `Distribution.transform`."""
        return self.cdf(parameters, values)

    def crps(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.crps` (Gneiting & Raftery 2007, J. Am. Stat. Assoc. 102(477))."""
        from scipy.special import ndtr

        scale = parameters[..., 1]
        z = (values - parameters[..., 0]) / scale
        density = np.exp(-np.square(z) / 2) / np.sqrt(2 * np.pi)
        return np.asarray(scale * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))

    def rescaled(self, parameters: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
        """As `Distribution.rescaled`."""
        return _location_and_scale(parameters, centre, scale)


@dataclass(frozen=True)
class StudentT:
    """Student's t distribution by its centre `loc`, `scale` and degrees of freedom `df` above 1."""

    names: tuple[str, ...] = ("loc", "scale", "df")

    def at_levels(self, parameters: FloatArray, levels: Sequence[float]) -> FloatArray:
        """As `Distribution.at_levels`."""
        quantiles = self.quantile(parameters[..., None, :], np.array(levels))
        # Two that are a rounding error apart must not be found the wrong way round.
        return np.maximum.accumulate(quantiles, axis=-1)

    def quantile(self, parameters: FloatArray, probability: FloatArray) -> FloatArray:
        """As `Distribution.quantile`."""
        from scipy.special import stdtrit

        standard = stdtrit(parameters[..., 2], probability)
        return np.asarray(parameters[..., 0] + parameters[..., 1] * standard)

    def cdf(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.cdf`."""
        from scipy.special import stdtr

        z = (values - parameters[..., 0]) / parameters[..., 1]
        return np.asarray(stdtr(parameters[..., 2], z))

    def transform(self, parameters: FloatArray, values: FloatArray, u: FloatArray) -> FloatArray:
        """As `Distribution.transform`."""
        return self.cdf(parameters, values)

    def crps(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.crps` (Jordan, Krüger & Lerch 2019, J. Stat. Software 90(12))."""
        from scipy.special import betaln, stdtr

        scale, df = parameters[..., 1], parameters[..., 2]
        z = (values - parameters[..., 0]) / scale
        log_half = betaln(0.5, df / 2)
        density = np.exp(-log_half - (df + 1) / 2 * np.log1p(np.square(z) / df)) / np.sqrt(df)
        spread = 2 * np.sqrt(df) / (df - 1) * np.exp(betaln(0.5, df - 0.5) - 2 * log_half)
        near = z * (2 * stdtr(df, z) - 1) + 2 * density * (df + np.square(z)) / (df - 1)
        return np.asarray(scale * (near - spread))

    def rescaled(self, parameters: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
        """As `Distribution.rescaled`."""
        return _location_and_scale(parameters, centre, scale)


@dataclass(frozen=True)
class NegativeBinomial:
    """The negative binomial distribution of counts by its `mean` and `dispersion`.

    The variance is mean + dispersion · mean²; it is Poisson's where the dispersion tends to 0.
    """

    names: tuple[str, ...] = ("mean", "dispersion")

    def at_levels(self, parameters: FloatArray, levels: Sequence[float]) -> FloatArray:
        """As `Distribution.at_levels`; whole numbers."""
        quantiles = self.quantile(parameters[..., None, :], np.array(levels))
        return np.maximum.accumulate(quantiles, axis=-1)

    def quantile(self, parameters: FloatArray, probability: FloatArray) -> FloatArray:
        """As `Distribution.quantile`: the smallest count that is at least so probable."""
        from scipy.special import nbdtrik

        size, p = _size_and_probability(parameters)
        between = np.asarray(nbdtrik(probability, size, p))
        count = np.asarray(np.ceil(between))
        # What is close to a whole number may be so by a rounding error.
        whole = np.round(between)
        unsure = np.abs(between - whole) <= ROUNDING * (1 + whole)
        if unsure.any():
            shape = (*count.shape, 2)
            own, wanted = (
                np.broadcast_to(parameters, shape)[unsure],
                np.broadcast_to(probability, count.shape)[unsure],
            )
            count[unsure] = whole[unsure] + (self.cdf(own, whole[unsure]) < wanted)
        return np.asarray(np.maximum(count, 0.0))

    def cdf(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.cdf`."""
        from scipy.special import betainc

        size, p = _size_and_probability(parameters)
        count = np.floor(values)
        return np.asarray(np.where(count < 0, 0.0, betainc(size, np.maximum(count, 0.0) + 1, p)))

    def transform(self, parameters: FloatArray, values: FloatArray, u: FloatArray) -> FloatArray:
        """As `Distribution.transform`, randomised within a step (Brockwell 2007)."""
        below, above = self.cdf(parameters, values - 1), self.cdf(parameters, values)
        return np.asarray(below + u * (above - below))

    def crps(self, parameters: FloatArray, values: FloatArray) -> FloatArray:
        """As `Distribution.crps` (Wei & Held 2014, TEST 23(4); Jordan, Krüger & Lerch 2019)."""
        from scipy.special import betainc, hyp2f1

        size, p = _size_and_probability(parameters)
        odds = (1 - p) / p**2
        before = np.where(values < 1, 0.0, betainc(size + 1, np.maximum(values, 1.0), p))
        near = values * (2 * self.cdf(parameters, values) - 1)
        # 2F1(n + 1, 1/2; 2; -4 odds) by Pfaff's transformation, whose argument is inside (0, 1).
        inside = 4 * odds / (1 + 4 * odds)
        series = hyp2f1(1 - size, 0.5, 2.0, inside) / np.sqrt(1 + 4 * odds)
        return np.asarray(near - size * odds * (p * (2 * before - 1) + series))

    def rescaled(self, parameters: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
        """The parameters as they are: counts are neither moved nor scaled."""
        return parameters


DISTRIBUTIONS: dict[str, Distribution] = {
    "normal": Normal(),
    "student_t": StudentT(),
    "negative_binomial": NegativeBinomial(),
}


def _location_and_scale(
    parameters: FloatArray, centre: FloatArray, scale: FloatArray
) -> FloatArray:
    rescaled = parameters.copy()
    rescaled[..., 0] = parameters[..., 0] * scale + centre
    rescaled[..., 1] = parameters[..., 1] * scale
    return rescaled


def _size_and_probability(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
    """SciPy's parameters of the negative binomial distribution."""
    mean, dispersion = parameters[..., 0], parameters[..., 1]
    return 1 / dispersion, 1 / (1 + dispersion * mean)
