"""Networks without Keras: an ONNX file run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lstmcast.errors import BundleError
from lstmcast.machine import available_cpus
from lstmcast.runtime.onnx_graph import Interface, check_graph
from lstmcast.runtime.reading import read_bytes

# From inputs by name, as `gather_inputs` gives them, to `[batch, horizon, n_targets, n_outputs]`.
# Of networks of which each series has its own, the input `WHICH` tells the window's.
Network = Callable[[Mapping[str, np.ndarray]], np.ndarray]
# Of an ONNX file, a protocol buffer.
_MOST_BYTES = 2**31 - 1
# int64, `(batch,)`, as `Preparation.network_of` gives it.
WHICH = "network"


class OnnxNetwork:
    """Runs an ONNX file on the CPU, if it is one that the export writes.

    Args:
        path: The file.
        interface: What it must read and give; None for whatever it says.
        threads: Threads of one call; None for as many as the process has cores.

    Raises:
        BundleError: If the file is none of ours, or not one that ONNX Runtime can load.
    """

    def __init__(
        self, path: Path, *, interface: Interface | None = None, threads: int | None = None
    ) -> None:
        self._path, content = path, read_bytes(path, most=_MOST_BYTES)
        check_graph(content, path, interface)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is raised, and told once
        # Left alone, ONNX Runtime counts the cores of the machine, not those of the container, and
        # its threads go on spinning after a call, beside what else the process computes.
        options.intra_op_num_threads = threads or available_cpus()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises classes of its own, all plain Exceptions
            raise BundleError(f"{path}: cannot be loaded: {error}") from error
        self._names = [node.name for node in self._session.get_inputs()]

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Outputs `[batch, horizon, n_targets, n_outputs]`, float32.

        Raises:
            BundleError: If the operators of the file do not fit each other.
        """
        return by_network(self._run, inputs) if WHICH in self._names else self._run(inputs)

    def _run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        feed = {name: inputs[name] for name in self._names}
        try:
            output: np.ndarray = self._session.run(None, feed)[0]
        except Exception as error:  # as above
            raise BundleError(f"{self._path}: cannot be run: {error}") from error
        return output


def by_network(run: Network, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """The outputs of windows, each of its own network.

    Args:
        run: Called with windows of one network, whose number `WHICH` then is, `()`.
        inputs: Of all windows.
    """
    numbers = inputs[WHICH]
    outputs: np.ndarray | None = None
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        own = {name: values[rows] for name, values in inputs.items()}
        found = run({**own, WHICH: np.asarray(number)})
        if outputs is None:
            outputs = np.empty((len(numbers), *found.shape[1:]), dtype=found.dtype)
        outputs[rows] = found
    if outputs is None:
        raise ValueError("no window is given.")
    return outputs
