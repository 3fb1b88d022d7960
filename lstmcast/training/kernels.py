"""Which kernel the recurrent layers of a config run on, and why not the faster one.

The one place of these rules: the fit follows them, its log and `doctor` tell them. cuDNN runs a
cell with the activations tanh and sigmoid, without recurrent dropout, on a GPU: those are Keras'
conditions. XLA compiles whatever is not cuDNN's; the measurements that the rules rest on are in
`docs/performance.md`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lstmcast.machine import available_cpus

if TYPE_CHECKING:
    from lstmcast.config.schema import Config

# Gradient steps from which the second that XLA takes to compile for TensorFlow is won back.
XLA_STEPS = 300
# Windows in a batch up to which a step is faster under XLA on one core; larger products keep
# TensorFlow's own kernels, which use all cores, as busy. Divided among cores, XLA is faster there,
# too, but for `segment`, whose loop has few steps.
XLA_BATCH = 64
# Batches in one compiled call: enough that what Python adds to each of them no longer shows, few
# enough that a progress bar moves.
MAX_STEPS_PER_EXECUTION = 16
# Cores that a batch is divided among, as many as were measured, and the least part of each that
# pays: windows times units.
MAX_PARTS = 2
MIN_PART = 16 * 64

Jit = bool | Literal["auto"]

_SAYS = {
    "cudnn": "the recurrent layers run on cuDNN's fused kernel",
    "fast": "the recurrent layers run in lstmcast's compiled loop",
    "generic": "the recurrent layers run in Keras' generic loop",
}


@dataclass(frozen=True)
class Kernel:
    """What runs.

    Attributes:
        name: `cudnn`, `fast` (the loops of `models.fast_loop`) or `generic` (Keras' own loop).
        says: A sentence.
        reasons: What stands in the way of a faster one, each with what to change.
        jit: Whether XLA compiles, as Keras' `jit_compile`; `auto` leaves it to Keras.
        compilation: The same in words, with the reason.
        parts: How many cores each batch is divided among.
    """

    name: Literal["cudnn", "fast", "generic"]
    says: str
    reasons: tuple[str, ...]
    jit: Jit
    compilation: str
    parts: int = 1


def kernel_of(config: Config, *, has_gpu: bool, n_batches: int | None = None) -> Kernel:
    """The kernel of a config on this machine.

    Args:
        config: Its `model` and `training`.
        has_gpu: Whether the config's backend sees a GPU.
        n_batches: Batches of an epoch; None where the data are not known, and then a training is
            taken for a long one.
    """
    on_gpu = has_gpu and config.training.device != "cpu"
    without_cudnn = _without_cudnn(config, has_gpu=has_gpu)
    if not without_cudnn:
        return Kernel("cudnn", _SAYS["cudnn"], (), *_beside_cudnn(config))
    fit_for_loop = not _without_fast(config, on_gpu=on_gpu, compiled=True)
    parts = _parts(config, n_batches=n_batches) if fit_for_loop else 1
    jit, compilation = _compilation(config, on_gpu=on_gpu, n_batches=n_batches, parts=parts)
    without_fast = _without_fast(config, on_gpu=on_gpu, compiled=jit is True)
    name: Literal["fast", "generic"] = "generic" if without_fast else "fast"
    # On a CPU what keeps cuDNN away besides is of no use to know.
    reasons = without_cudnn if on_gpu else [without_cudnn[0], *without_fast]
    parts = parts if name == "fast" else 1
    if parts > 1:
        compilation += f", each batch divided among {parts} cores"
    return Kernel(name, _SAYS[name], tuple(reasons), jit, compilation, parts)


def steps_per_execution(config: Config, n_batches: int) -> int:
    """Batches in one compiled call: as the config says, or up to 16 of an epoch."""
    asked = config.training.steps_per_execution
    return min(MAX_STEPS_PER_EXECUTION if asked == "auto" else asked, n_batches)


def _parts(config: Config, *, n_batches: int | None) -> int:
    """How many cores the compiled loop divides each batch among: all or one."""
    parts, batch_size = _cores(config.training.backend), config.training.batch_size
    # An only batch may hold fewer windows than the config says.
    divides = batch_size % parts == 0 and n_batches != 1
    states = batch_size * max(config.model.units)
    return parts if divides and states >= parts * MIN_PART else 1


def _cores(backend: str) -> int:
    """Cores that a batch can be divided among; devices on JAX, of which a user may say how many."""
    cores = min(available_cpus(), MAX_PARTS)
    said = os.environ.get("JAX_NUM_CPU_DEVICES", "") if backend == "jax" else ""
    return max(1, min(cores, int(said))) if said.isdecimal() else cores


def _beside_cudnn(config: Config) -> tuple[Jit, str]:
    """What `training.jit` comes to for the rest of a network whose layers cuDNN runs."""
    training = config.training
    if training.backend == "jax":
        return _compilation(config, on_gpu=True, n_batches=None, parts=1)
    # Keras leaves XLA out by itself where a layer runs on cuDNN.
    jit: Jit = "auto" if training.jit == "auto" and not training.deterministic else False
    return jit, "off: cuDNN's kernel is faster than what XLA makes"


def _without_cudnn(config: Config, *, has_gpu: bool) -> list[str]:
    """What keeps cuDNN's kernel from running."""
    model, training = config.model, config.training
    found = []
    if training.device == "cpu":
        found.append("training.device is cpu: set it to auto")
    elif not has_gpu:
        found.append(f"{training.backend} sees no GPU")
    found += _unusual_cell(config)
    if training.backend == "tensorflow" and training.jit is True:
        found.append("training.jit is true, and XLA cannot call cuDNN: set it to auto")
    if training.backend == "jax" and model.recurrent_cell == "gru":
        found.append("on jax Keras runs GRU without cuDNN: set training.backend to tensorflow")
    return found


def _without_fast(config: Config, *, on_gpu: bool, compiled: bool) -> list[str]:
    """What keeps the compiled loop from running."""
    found = []
    if on_gpu:
        found.append("the compiled loop is for a CPU")
    if not compiled:
        found.append("the compiled loop needs XLA, which is off")
    if config.training.precision != "float32":
        precision = config.training.precision
        found.append(f"training.precision is {precision}: float32 is faster on a CPU")
    return found + _unusual_cell(config)


def _unusual_cell(config: Config) -> list[str]:
    """What no fast kernel computes."""
    model = config.model
    found = []
    if model.activation != "tanh":
        found.append(f"model.activation is {model.activation}: set it to tanh")
    if model.recurrent_dropout:
        found.append(f"model.recurrent_dropout is {model.recurrent_dropout:g}: set it to 0")
    return found


def _compilation(
    config: Config, *, on_gpu: bool, n_batches: int | None, parts: int
) -> tuple[Jit, str]:
    """What `training.jit` comes to where cuDNN does not run."""
    training = config.training
    if training.backend == "jax":
        on = training.jit is not False
        return on, "on" if on else "off"
    if training.deterministic:
        return False, "off: training.deterministic excludes it on TensorFlow"
    if training.jit != "auto":
        return training.jit, "on" if training.jit else "off"
    if on_gpu:
        return "auto", "on"
    pays = parts > 1 and config.model.type != "segment"
    if training.batch_size > XLA_BATCH and not pays:
        return False, f"off: it does not pay with batches of more than {XLA_BATCH} windows"
    if n_batches is not None and n_batches * training.epochs < XLA_STEPS:
        return False, f"off: it does not pay with fewer than {XLA_STEPS} gradient steps"
    return True, "on"
