"""A network without Keras: an ONNX file run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lstmcast.errors import BundleError

# From inputs by name, as `gather_inputs` gives them, to `[batch, horizon, n_targets, n_outputs]`.
Network = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class OnnxNetwork:
    """Runs an ONNX file on the CPU.

    Args:
        path: The file.
        threads: Threads of one call; None leaves it to ONNX Runtime.

    Raises:
        BundleError: If the file is not one that ONNX Runtime can load.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises classes of its own, all plain Exceptions
            raise BundleError(f"{path}: cannot be loaded: {error}") from error
        self._names = [node.name for node in self._session.get_inputs()]

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Outputs `[batch, horizon, n_targets, n_outputs]`, float32."""
        feed = {name: inputs[name] for name in self._names}
        output: np.ndarray = self._session.run(None, feed)[0]
        return output
