"""Steps on JAX: those of an execution as one compiled loop, each batch divided among cores.

Keras calls JAX once for each step, and XLA runs the loop over a window's steps on one core. Here
the steps of an execution are a loop of their own, and a batch is laid out over several devices,
each of which is a core, so that XLA divides every computation. The results are those of one device
to float rounding: what is random is drawn for the whole batch, and sums are over all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from lstmcast.training.gathering import PADDING, GatheringModel

_AXIS = "windows"
# JAX does not say what these give. The positions of an execution are `[steps, batch]`.
_spec: Any = PartitionSpec
_WHOLE, _DIVIDED = _spec(), _spec(None, _AXIS)
# A device waits for the others where the parts of a gradient are summed, and XLA ends the process
# after 40 s of it: a laptop that sleeps, or a machine that is very busy, is no reason to.
_OPTIONS = {"xla_cpu_collective_call_terminate_timeout_seconds": 10**6}

Loop = Callable[[Any, Iterator[Any]], Any]


class LoopedModel(GatheringModel):
    """A `GatheringModel` on JAX whose executions are compiled whole.

    Args:
        n_parts: Into how many parts a batch is divided, each for a device; divides its windows.
    """

    train_function: Loop | None
    test_function: Loop | None

    def __init__(self, *args: Any, n_parts: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self._mesh = Mesh(jax.devices()[:n_parts], (_AXIS,))

    def make_train_function(self, force: bool = False) -> None:
        """Compile the gradient steps of an execution."""
        if self.train_function is None or force:
            self.train_function = self._looped(self.train_step)

    def make_test_function(self, force: bool = False) -> None:
        """Compile the validation steps of an execution."""
        if self.test_function is None or force:
            self.test_function = self._looped(self.test_step)

    def _looped(self, step: Callable[[Any, Any], tuple[Any, Any]]) -> Loop:
        """A function of the state and the batches of an execution: what it logs, and the state."""
        whole, divided = (NamedSharding(self._mesh, spec) for spec in (_WHOLE, _DIVIDED))

        def loop(state: Any, positions: jax.Array, n_batches: jax.Array) -> Any:
            def one(i: jax.Array, done: tuple[Any, Any]) -> tuple[Any, Any]:
                logs, state = step(done[1], positions[i])
                return logs, state

            return lax.fori_loop(0, n_batches, one, ({"loss": np.float32(0)}, state))

        compiled = jax.jit(
            loop,
            donate_argnums=0,
            in_shardings=(whole, divided, whole),
            out_shardings=whole,
            compiler_options=_OPTIONS if self._mesh.size > 1 else None,
        )

        def lay_out(values: Any) -> Any:
            there = getattr(values, "sharding", None) == whole
            return values if there else jax.device_put(values, whole)

        def run(state: Any, batches: Iterator[Any]) -> Any:
            # As many as in the others, so that the last execution of an epoch is not compiled anew.
            done = np.stack(list(islice(batches, self.steps_per_execution)))
            rest = ((0, self.steps_per_execution - len(done)), (0, 0))
            positions = np.pad(done, rest, constant_values=PADDING)
            # What is not laid out already, such as a new order, would be traced for anew.
            state = jax.tree.map(lay_out, state)
            return compiled(state, jax.device_put(positions, divided), lay_out(np.int32(len(done))))

        return run
