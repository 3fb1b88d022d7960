"""Which kernel the recurrent layers of a config will run on, and why not the faster one.

The conditions are those of Keras: cuDNN runs a cell with the activations tanh and sigmoid, without
recurrent dropout, on a GPU. XLA compiles whatever is not cuDNN's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.config.schema import Config


@dataclass(frozen=True)
class Kernel:
    """What will run.

    Attributes:
        name: `cudnn` or `generic`.
        says: A sentence.
        reasons: Why it is not cuDNN's, each with what to change; empty where it is.
        compilation: What `training.jit` comes to.
    """

    name: str
    says: str
    reasons: tuple[str, ...]
    compilation: str


def kernel_of(config: Config, *, has_gpu: bool) -> Kernel:
    """The kernel of a config on this machine.

    Args:
        config: Its `model` and `training`.
        has_gpu: Whether the config's backend sees a GPU.
    """
    reasons = tuple(_obstacles(config, has_gpu=has_gpu))
    cudnn = not reasons
    says = (
        "the recurrent layers run on cuDNN's fused kernel"
        if cudnn
        else "the recurrent layers run step by step in Keras' generic loop"
    )
    return Kernel(
        name="cudnn" if cudnn else "generic",
        says=says,
        reasons=reasons,
        compilation=_compilation(config, cudnn=cudnn),
    )


def _obstacles(config: Config, *, has_gpu: bool) -> list[str]:
    """What keeps cuDNN's kernel from running."""
    model, training = config.model, config.training
    found = []
    if training.device == "cpu":
        found.append("training.device is cpu: set it to auto")
    elif not has_gpu:
        found.append(f"{training.backend} sees no GPU")
    if model.activation != "tanh":
        found.append(f"model.activation is {model.activation}: set it to tanh")
    if model.recurrent_dropout:
        found.append(f"model.recurrent_dropout is {model.recurrent_dropout:g}: set it to 0")
    if training.backend == "tensorflow" and training.jit is True:
        found.append("training.jit is true, and XLA cannot call cuDNN: set it to auto")
    if training.backend == "jax" and model.type == "gru":
        found.append("on jax Keras runs GRU without cuDNN: set training.backend to tensorflow")
    return found


def _compilation(config: Config, *, cudnn: bool) -> str:
    """What `training.jit` comes to."""
    training = config.training
    if training.backend == "jax":
        return "off" if training.jit is False else "XLA"
    if training.deterministic:
        return "off: training.deterministic excludes it on TensorFlow"
    if isinstance(training.jit, bool):
        return "XLA" if training.jit else "off"
    if cudnn:
        return "off: cuDNN's kernel is faster than what XLA makes"
    return "XLA where the training is long enough to pay for the compilation"
