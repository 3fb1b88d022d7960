"""`segment`: the lookback is read a segment at a time, and the horizon written so.

After Lin et al. 2023, "SegRNN: Segment recurrent neural network for long-term time series
forecasting": each target is read for itself with shared weights, cut into segments, each of which
is one step of the recurrent layers; so a lookback of 720 is 15 steps. The segments of the horizon
are then written at once, each by one step of the same layers from the last state of the lookback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from lstmcast.models.blocks import Streams, Tensor, cell_layer, read_inputs
from lstmcast.models.heads import finished_model
from lstmcast.models.parameters import Cell, Fraction, NetworkParameters, Size, WindowNorm
from lstmcast.models.shapes import Shapes

if TYPE_CHECKING:
    import keras


class Parameters(NetworkParameters):
    """Reads and writes whole segments, each target with the same weights: for long lookbacks."""

    type: Literal["segment"] = "segment"
    segment: Size = Field(
        default=24,
        description="Steps in a segment, of the lookback and of the horizon; a season or a part "
        "of one. Those that do not fill one are filled up with the first or the last step.",
    )
    cell: Cell = Field(default="lstm", description="The recurrent cell.")
    decoding: Literal["parallel", "recursive"] = Field(
        default="parallel",
        description="`parallel` writes all segments of the horizon from the last state, told apart "
        "by their position; `recursive` reads each before it writes the next.",
    )
    dropout: Fraction = Field(
        default=0.1,
        description="Dropout between recurrent layers and in front of the output, in training "
        "only.",
    )
    window_norm: WindowNorm = "last"
    level_input: bool = Field(
        default=False,
        description="Also read the level that `window_norm` takes out of each window, so that the "
        "forecast can return to a mean; not for data that leave the range of the training rows.",
    )

    @property
    def recurrent_cell(self) -> Cell:
        """The one that was chosen."""
        return self.cell

    def states(self, *, lookback: int, horizon: int, n_targets: int) -> int:
        """As for the others, with segments for steps, and for each target."""
        segments = _count(lookback, self.segment) + _count(horizon, self.segment)
        return sum(self.units) * segments * n_targets


def build(parameters: Parameters, shapes: Shapes) -> keras.Model:
    """The network, freshly initialised."""
    from keras import layers, ops

    streams = read_inputs(shapes, window_norm=parameters.window_norm)
    size, width = parameters.segment, parameters.units[0]
    stack = [
        cell_layer(
            parameters,
            units,
            name=f"{parameters.cell}_{index}",
            cell=parameters.cell,
            return_sequences=True,
            return_state=True,
        )
        for index, units in enumerate(parameters.units)
    ]
    embedding = layers.Dense(width, name="embedding")
    segments = embedding(_by_target(streams.past[:, :, : shapes.n_targets], size))
    if streams.past.shape[-1] > shapes.n_targets:
        others = _segments(streams.past[:, :, shapes.n_targets :], size)
        covariates = layers.Dense(width, use_bias=False, name="past_covariates")(others)
        segments = segments + ops.expand_dims(covariates, 1)
    if parameters.level_input:
        segments = segments + layers.Dense(width, use_bias=False, name="level")(_levels(streams))
    n_segments = segments.shape[2]
    sequence = ops.reshape(ops.relu(segments), (-1, n_segments, width))
    states = _read(sequence, stack, parameters)
    output = layers.Dense(size * shapes.n_outputs, dtype="float32", name="output")
    write = _written_at_once if parameters.decoding == "parallel" else _written_in_turn
    written = write(_queries(parameters, streams, shapes), states, stack, parameters, output)
    return finished_model(_by_step(written, shapes), streams, shapes, name="segment")


def _count(steps: int, size: int) -> int:
    """How many segments it takes."""
    return -(-steps // size)


def _segments(values: Tensor, size: int, *, at_end: bool = False) -> Tensor:
    """`[batch, steps, n]` as `[batch, segments, size n]`.

    What does not fill a segment is filled up with copies of the first step, or of the last.
    """
    from keras import ops

    _, steps, n = values.shape
    if missing := -steps % size:
        edge = values[:, -1:, :] if at_end else values[:, :1, :]
        filling = ops.repeat(edge, missing, axis=1)
        values = ops.concatenate([values, filling] if at_end else [filling, values], axis=1)
    return ops.reshape(values, (-1, _count(steps, size), size * n))


def _by_target(targets: Tensor, size: int) -> Tensor:
    """`[batch, steps, n]` as `[batch, n, segments, size]`."""
    from keras import ops

    n = targets.shape[2]
    apart = _segments(targets, size)
    apart = ops.reshape(apart, (-1, apart.shape[1], size, n))
    return ops.transpose(apart, (0, 3, 1, 2))


def _levels(streams: Streams) -> Tensor:
    """What was taken out of each window, `[batch, n_targets, 1, n]`: a level, and a logarithm."""
    from keras import ops

    parts = [streams.level] if streams.scale is None else [streams.level, ops.log(streams.scale)]
    return ops.transpose(ops.stack(parts, axis=-1), (0, 2, 1, 3))


def _between(states: Tensor, parameters: Parameters, name: str) -> Tensor:
    """Dropout, where the parameters ask for it."""
    from keras import layers

    return layers.Dropout(parameters.dropout, name=name)(states) if parameters.dropout else states


def _read(
    sequence: Tensor, stack: list[keras.layers.Layer], parameters: Parameters
) -> list[list[Tensor]]:
    """The last states of each layer after the lookback, each `[batch n_targets, units]`."""
    states = []
    for index, layer in enumerate(stack):
        if index:
            sequence = _between(sequence, parameters, f"dropout_{index - 1}")
        sequence, *last = layer(sequence)
        states.append(last)
    return states


def _queries(parameters: Parameters, streams: Streams, shapes: Shapes) -> Tensor:
    """What tells the segments of the horizon apart, `[batch or 1, n_targets, segments, width]`.

    The place of the segment, the target, and the covariates that are known of them.
    """
    from keras import layers, ops

    # A subclass of what Keras has, so that importing it imports Keras.
    from lstmcast.models.parallel import Queries

    width, n_segments = parameters.units[0], _count(shapes.horizon, parameters.segment)
    queries = Queries(shapes.n_targets, n_segments, width, name="queries")(streams.past)
    if streams.future is not None:
        ahead = _segments(streams.future, parameters.segment, at_end=True)
        known = layers.Dense(width, use_bias=False, name="future_covariates")(ahead)
        queries = queries + ops.expand_dims(known, 1)
    if streams.static is not None:
        known = layers.Dense(width, use_bias=False, name="static_covariates")(streams.static)
        queries = queries + ops.expand_dims(ops.expand_dims(known, 1), 1)
    return queries


def _written_at_once(
    steps: Tensor,
    states: list[list[Tensor]],
    stack: list[keras.layers.Layer],
    parameters: Parameters,
    output: keras.layers.Layer,
) -> Tensor:
    """The raw outputs `[batch, n_targets, segments, size n_outputs]`, one step for each query."""
    from keras import ops

    from lstmcast.models.parallel import ParallelStep

    n_targets = steps.shape[1]
    for index, (layer, last) in enumerate(zip(stack, states, strict=True)):
        if index:
            steps = _between(steps, parameters, f"dropout_decoder_{index - 1}")
        by_target = [ops.reshape(state, (-1, n_targets, 1, layer.units)) for state in last]
        steps = ParallelStep(layer, name=f"step_{index}")(steps, *by_target)
    return output(_between(steps, parameters, "dropout_output"))


def _written_in_turn(
    queries: Tensor,
    states: list[list[Tensor]],
    stack: list[keras.layers.Layer],
    parameters: Parameters,
    output: keras.layers.Layer,
) -> Tensor:
    """The same, where a segment reads the raw outputs of the one before it."""
    from keras import layers, ops

    n_targets, n_segments, width = queries.shape[1:]
    feedback = layers.Dense(width, activation="relu", name="feedback")
    # One row for each window and target, as the recurrent layers have them.
    rows = ops.zeros_like(states[0][0][:, :1])
    rows = ops.reshape(rows, (-1, n_targets, 1, 1)) + queries
    rows = ops.reshape(rows, (-1, n_segments, width))
    written: list[Tensor] = []
    for place in range(n_segments):
        step = rows[:, place : place + 1, :]
        if written:
            step = step + feedback(written[-1])
        for index, layer in enumerate(stack):
            if index:
                step = _between(step, parameters, f"dropout_decoder_{place}_{index - 1}")
            step, *states[index] = layer(step, initial_state=states[index])
        written.append(output(_between(step, parameters, f"dropout_output_{place}")))
    together = ops.concatenate(written, axis=1)
    return ops.reshape(together, (-1, n_targets, n_segments, together.shape[-1]))


def _by_step(written: Tensor, shapes: Shapes) -> Tensor:
    """The segments joined, `[batch, horizon, n_targets, n_outputs]`; the last one may be cut."""
    from keras import ops

    steps = written.shape[2] * written.shape[3] // shapes.n_outputs
    flat = ops.reshape(written, (-1, shapes.n_targets, steps, shapes.n_outputs))
    return ops.transpose(flat[:, :, : shapes.horizon, :], (0, 2, 1, 3))
