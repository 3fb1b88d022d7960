"""The sizes that a network is built for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Head = Literal["quantiles", "normal", "student_t", "negative_binomial", "classes"]


@dataclass(frozen=True)
class Shapes:
    """Sizes of a network's inputs and output.

    The inputs, each present only where its size is above zero (or its tuple not empty):

    - `past`: float32, `[batch, lookback, past]`, the targets in the first `n_targets` columns.
    - `future`: float32, `[batch, horizon, future]`, covariates known over the horizon.
    - `static`: float32, `[batch, static]`.
    - `past_codes`, `future_codes`: int32, `[batch, lookback | horizon, n]`, ids of embedded
      categories; `static_codes`: int32, `[batch, n]`. Id 0 is "unknown".

    The output is float32, `[batch, horizon, n_targets, n_outputs]`.

    Attributes:
        lookback: Input length in steps.
        horizon: Output length in steps.
        n_targets: Targets forecast.
        n_outputs: What the head gives for each target and step: 1, or one for each quantile, each
            parameter of a distribution, or each class.
        past: Columns of `past`.
        future: Columns of `future`.
        static: Columns of `static`.
        past_levels: Number of ids (with "unknown") of each column of `past_codes`.
        future_levels: The same of `future_codes`.
        static_levels: The same of `static_codes`.
        embedding_size: Width of each embedding; None for a size from the number of ids.
        head: What these are: `quantiles` (a point is one), the parameters of a distribution, or
            logarithms of the probabilities of classes.
        point: Which of the outputs is the point forecast: of quantiles the median, of a
            distribution its centre, the first.
        reads_targets: Whether the target columns of `past` are numbers to read; those of a category
            are not, which has columns of its own among the others.
    """

    lookback: int
    horizon: int
    n_targets: int
    n_outputs: int
    past: int
    future: int = 0
    static: int = 0
    past_levels: tuple[int, ...] = ()
    future_levels: tuple[int, ...] = ()
    static_levels: tuple[int, ...] = ()
    embedding_size: int | None = None
    head: Head = "quantiles"
    point: int = 0
    reads_targets: bool = True

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input that there is, by name, without the batch axis."""
        shapes = {
            "past": (self.lookback, self.past),
            "future": (self.horizon, self.future),
            "static": (self.static,),
            "past_codes": (self.lookback, len(self.past_levels)),
            "future_codes": (self.horizon, len(self.future_levels)),
            "static_codes": (len(self.static_levels),),
        }
        return {name: shape for name, shape in shapes.items() if shape[-1]}

    @property
    def output(self) -> tuple[int, int, int]:
        """Shape of the output, without the batch axis."""
        return (self.horizon, self.n_targets, self.n_outputs)


def dtype_of(name: str) -> str:
    """The dtype of an input, by its name."""
    return "int32" if name.endswith("_codes") else "float32"
