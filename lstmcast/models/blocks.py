"""Parts that the architectures share: what they read, and the recurrent layers.

Every layer is named, so that the paths of the weights depend on nothing but the config. Joining,
slicing and normalising are `keras.ops` on symbolic tensors, which need no layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lstmcast.models.parameters import Cell, NetworkParameters, RecurrentParameters, WindowNorm
from lstmcast.models.shapes import Shapes, dtype_of

if TYPE_CHECKING:
    import keras

Tensor: TypeAlias = Any  # keras.KerasTensor, which mypy cannot see

# A window that does not move has no deviation to divide by; network units are of order one.
MIN_SCALE = 1e-5


@dataclass(frozen=True)
class Streams:
    """What an architecture reads, categories embedded and the static part joined.

    Attributes:
        inputs: The input tensors by name.
        past: `[batch, lookback, n]`, the targets (normalised) first; the static covariates are
            repeated over its steps, so that they can change how the rest is read.
        future: `[batch, horizon, n]`, or None.
        static: The static covariates alone, `[batch, n]`, or None.
        level: What was subtracted from the targets of each window, `[batch, 1, n_targets]`, or
            None; of counts the logarithm of what they were divided by.
        scale: What they were divided by, `[batch, 1, n_targets]`, or None.
    """

    inputs: dict[str, Tensor]
    past: Tensor
    future: Tensor | None
    static: Tensor | None
    level: Tensor | None
    scale: Tensor | None


def read_inputs(shapes: Shapes, *, window_norm: WindowNorm) -> Streams:
    """The inputs of a network and what its recurrent part is to read.

    Args:
        shapes: Sizes of the inputs.
        window_norm: How the targets of each window are normalised: `none`; `last` subtracts their
            last value; `mean_std` subtracts their mean and divides by their population deviation.
            Counts, of which the output is a distribution, are always divided by their mean.
    """
    import keras

    inputs = {
        name: keras.Input(shape, dtype=dtype_of(name), name=name)
        for name, shape in shapes.inputs.items()
    }
    past, level, scale = inputs["past"], None, None
    if not shapes.reads_targets:
        past = past[:, :, shapes.n_targets :] if shapes.past > shapes.n_targets else None
    elif shapes.head == "negative_binomial":
        past, level = _counts_by_logarithm(past, shapes.n_targets)
    else:
        past, level, scale = _normalise(past, shapes.n_targets, window_norm)
    static = join(
        [inputs.get("static"), *_embedded(inputs, "static_codes", shapes, shapes.static_levels)]
    )
    return Streams(
        inputs=inputs,
        past=join(
            [
                past,
                *_embedded(inputs, "past_codes", shapes, shapes.past_levels),
                None if static is None else repeat(static, shapes.lookback),
            ]
        ),
        future=join(
            [inputs.get("future"), *_embedded(inputs, "future_codes", shapes, shapes.future_levels)]
        ),
        static=static,
        level=level,
        scale=scale,
    )


def join(parts: list[Tensor | None]) -> Tensor | None:
    """The parts that there are, side by side along the last axis; None where there is none."""
    import keras

    there = [part for part in parts if part is not None]
    if len(there) < 2:
        return there[0] if there else None
    return keras.ops.concatenate(there, axis=-1)


def repeat(context: Tensor, steps: int) -> Tensor:
    """`[batch, n]` at every one of `steps` steps, `[batch, steps, n]`."""
    import keras

    return keras.ops.repeat(keras.ops.expand_dims(context, 1), steps, axis=1)


def _normalise(
    past: Tensor, n_targets: int, how: WindowNorm
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """`past` with its targets normalised, their level and their scale."""
    from keras import ops

    targets, others = past[:, :, :n_targets], past[:, :, n_targets:]
    level, scale = level_of(targets, how), None
    if level is None:
        return past, None, None
    if how == "mean_std":
        scale = ops.maximum(ops.std(targets, axis=1, keepdims=True), MIN_SCALE)
    targets = targets - level
    if scale is not None:
        targets = targets / scale
    if past.shape[-1] == n_targets:
        return targets, level, scale
    return join([targets, others]), level, scale


def level_of(targets: Tensor, how: WindowNorm) -> Tensor | None:
    """What is subtracted from each target of a window, `[batch, 1, n_targets]`; None for nothing.

    Args:
        targets: `[batch, lookback, n_targets]`.
        how: As `read_inputs` has it.
    """
    from keras import ops

    if how == "none":
        return None
    return targets[:, -1:, :] if how == "last" else ops.mean(targets, axis=1, keepdims=True)


def _counts_by_logarithm(past: Tensor, n_targets: int) -> tuple[Tensor, Tensor]:
    """`past` with its targets, which are counts, by their size within the window, and that size.

    Both by logarithm, and of 1 more, which zeros have too. The size is that by which DeepAR
    (Salinas et al. 2020, Int. J. Forecasting 36(3)) divides counts of very different sizes.
    """
    from keras import ops

    counts = ops.relu(past[:, :, :n_targets])
    level = ops.log(ops.mean(counts, axis=1, keepdims=True) + 1.0)
    others = past[:, :, n_targets:] if past.shape[-1] > n_targets else None
    return join([ops.log(counts + 1.0) - level, others]), level


def _embedded(
    inputs: dict[str, Tensor], name: str, shapes: Shapes, levels: tuple[int, ...]
) -> list[Tensor]:
    """An embedding of each column of category ids."""
    import keras

    return [
        keras.layers.Embedding(
            n_ids,
            shapes.embedding_size or embedding_size(n_ids),
            name=f"embedding_{name.removesuffix('_codes')}_{column}",
        )(inputs[name][..., column])
        for column, n_ids in enumerate(levels)
    ]


def embedding_size(n_ids: int) -> int:
    """The width of an embedding where none is given: half the number of ids, 2 to 32."""
    return min(32, max(2, (n_ids + 1) // 2))


def recurrent_layer(
    parameters: RecurrentParameters, index: int, *, cell: Cell = "lstm", **outputs: bool
) -> keras.layers.Layer:
    """One recurrent layer of the stack, in both directions where the parameters say so.

    With the default parameters it is one that cuDNN can run.

    Args:
        parameters: Its units, activation and penalties.
        index: Which of `parameters.units` it is.
        cell: The recurrent cell.
        **outputs: `return_sequences` and `return_state`, as in Keras.
    """
    import keras

    layer = cell_layer(
        parameters, parameters.units[index], name=f"{cell}_{index}", cell=cell, **outputs
    )
    if parameters.bidirectional:
        return keras.layers.Bidirectional(layer, name=f"bidirectional_{index}")
    return layer


def cell_layer(
    parameters: NetworkParameters, units: int, *, name: str, cell: Cell, **outputs: bool
) -> keras.layers.Layer:
    """A recurrent layer in one direction, with the options that all of a network have."""
    import keras

    # Subclasses of what Keras has, so that importing them imports Keras.
    from lstmcast.models.fast_gru import FastGRU
    from lstmcast.models.fast_lstm import FastLSTM

    def penalty() -> keras.regularizers.Regularizer | None:
        return keras.regularizers.L2(parameters.l2) if parameters.l2 else None

    kind = {"lstm": FastLSTM, "gru": FastGRU}[cell]
    return kind(
        units,
        name=name,
        activation=parameters.activation,
        recurrent_dropout=parameters.recurrent_dropout,
        kernel_regularizer=penalty(),
        recurrent_regularizer=penalty(),
        **outputs,
    )


def after_layer(states: Tensor, parameters: RecurrentParameters, *, name: str) -> Tensor:
    """Layer normalisation and dropout behind a recurrent layer, where the parameters ask so."""
    import keras

    if parameters.layer_norm:
        states = keras.layers.LayerNormalization(name=f"layer_norm_{name}")(states)
    if parameters.dropout:
        states = keras.layers.Dropout(parameters.dropout, name=f"dropout_{name}")(states)
    return states


def recurrent_stack(
    sequence: Tensor, parameters: RecurrentParameters, *, cell: Cell, return_sequences: bool = False
) -> Tensor:
    """Recurrent layers on top of each other.

    Args:
        sequence: `[batch, steps, n]`.
        parameters: The layers' units and options.
        cell: The recurrent cell.
        return_sequences: Whether the top layer gives its state at each step.

    Returns:
        `[batch, steps, units]`, or the last state alone, `[batch, units]`; twice as wide where
        the layers are bidirectional.
    """
    top = len(parameters.units) - 1
    for index in range(top + 1):
        layer = recurrent_layer(
            parameters, index, cell=cell, return_sequences=index < top or return_sequences
        )
        sequence = after_layer(layer(sequence), parameters, name=str(index))
    return sequence
