"""Exporting a network to ONNX, through TensorFlow.

The graph is rebuilt in float32 without what only training uses. It must be traced by TensorFlow on
the CPU, for what cuDNN runs has no counterpart in ONNX: where the process runs JAX or sees a GPU,
a child process does it (`python -m lstmcast.training.export DIRECTORY`), and gets what it needs as
files.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.config.schema import Training
from lstmcast.errors import ResourceError
from lstmcast.models.parameters import RecurrentParameters
from lstmcast.models.registry import ARCHITECTURES, build_network
from lstmcast.models.shapes import Shapes, dtype_of
from lstmcast.training.weights import load_weights

if TYPE_CHECKING:
    import keras

OUTPUT_NAME = "forecast"
NETWORK_FILE, WEIGHTS_FILE, ONNX_FILE = "network.json", "weights.safetensors", "model.onnx"
ERRORS_FILE, GO = "errors.txt", b"go\n"


class Exporter:
    """Writes a network as ONNX once it is trained.

    Where JAX trains, the process that exports starts on entering the context, so that it has loaded
    TensorFlow by the time the training has ended.

    Args:
        training: Its `backend`.
    """

    def __init__(self, training: Training) -> None:
        self._ahead = training.backend == "jax"
        self._child: _Child | None = None

    def __enter__(self) -> Exporter:
        """Start the process, where it takes one."""
        if self._ahead and not _missing_packages():
            self._child = _Child()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self._child is not None:
            self._child.close()

    def write(
        self,
        parameters: RecurrentParameters,
        shapes: Shapes,
        weights: Mapping[str, NDArray[Any]],
        path: Path,
    ) -> None:
        """Write a network.

        The inputs have the names of `Shapes`, the output is `forecast`; the batch axis is dynamic.

        Args:
            parameters: The `model` section that the network was built from.
            shapes: Its sizes.
            weights: What `weights_of` took from it.
            path: The file to write.

        Raises:
            ResourceError: If TensorFlow or tf2onnx is not installed, or the conversion fails.
        """
        missing = _missing_packages()
        if missing:
            raise ResourceError(
                f"The ONNX export needs {' and '.join(missing)}, not installed here "
                f"(pip install {' '.join(missing)})."
            )
        if self._child is None and not _can_trace_here():
            self._child = _Child()
        if self._child is not None:
            self._child.write(parameters, shapes, weights, path)
        else:
            _write(parameters, shapes, weights, path)


def _missing_packages() -> list[str]:
    return [name for name in ("tensorflow", "tf2onnx") if not importlib.util.find_spec(name)]


def _can_trace_here() -> bool:
    """Whether this process runs TensorFlow on the CPU alone."""
    import keras

    if keras.config.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")


def inference_network(
    parameters: RecurrentParameters, shapes: Shapes, weights: Mapping[str, NDArray[Any]]
) -> keras.Model:
    """The network in float32, without dropout and penalties, which only training uses."""
    import keras

    bare = parameters.model_copy(update={"dropout": 0.0, "recurrent_dropout": 0.0, "l2": 0.0})
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = build_network(bare, shapes)
    finally:
        keras.config.set_dtype_policy(policy)
    load_weights(network, weights)
    return network


def _write(
    parameters: RecurrentParameters,
    shapes: Shapes,
    weights: Mapping[str, NDArray[Any]],
    path: Path,
) -> None:
    """Trace and convert in this process."""
    network = inference_network(parameters, shapes, weights)
    # Keras exports only what has been called.
    network({name: np.zeros((1, *shape), dtype_of(name)) for name, shape in shapes.inputs.items()})
    with warnings.catch_warnings():
        # Keras looks for `np.object` to mend tf2onnx, and NumPy warns of the look.
        warnings.filterwarnings("ignore", message=r".*`np\.object`", category=FutureWarning)
        network.export(str(path), format="onnx", verbose=False)
    _name_output(path)


def _name_output(path: Path) -> None:
    """Give the output and the batch axis their names; the converter numbers them."""
    import onnx

    model = onnx.load(path)
    (output,) = model.graph.output
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [OUTPUT_NAME if name == output.name else name for name in names]
    output.name = OUTPUT_NAME
    for value in (*model.graph.input, output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(model)
    onnx.save(model, path)


class _Child:
    """A process that traces and converts, on TensorFlow without a GPU.

    It gets a line on its standard input once the network lies in its directory; without one,
    because this process has ended, it ends too.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self._folder = Path(self._directory.name)
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
        with open(self._folder / ERRORS_FILE, "wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lstmcast.training.export", self._directory.name],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # An interrupt at the terminal is for the process that trains; it ends this one.
                start_new_session=True,
            )

    def write(
        self,
        parameters: RecurrentParameters,
        shapes: Shapes,
        weights: Mapping[str, NDArray[Any]],
        path: Path,
    ) -> None:
        """Let it write the network, and wait for it.

        Raises:
            ResourceError: If it failed.
        """
        from safetensors.numpy import save_file

        network = {"parameters": parameters.model_dump(mode="json"), "shapes": asdict(shapes)}
        (self._folder / NETWORK_FILE).write_text(json.dumps(network), encoding="utf-8")
        save_file(dict(weights), self._folder / WEIGHTS_FILE)
        # One that has failed already no longer listens; its exit code tells.
        with suppress(BrokenPipeError):
            self._process.communicate(GO)
        if self._process.wait():
            errors = (self._folder / ERRORS_FILE).read_text(encoding="utf-8", errors="replace")
            reason = errors.strip().splitlines()[-1:] or [f"exit {self._process.returncode}"]
            raise ResourceError(f"The ONNX export in a TensorFlow process failed: {reason[0]}")
        shutil.copyfile(self._folder / ONNX_FILE, path)

    def close(self) -> None:
        """End it, whatever it is at."""
        self._process.kill()
        self._process.communicate()
        self._directory.cleanup()


def main(directory: str) -> None:
    """What the child process does: read the network from a directory, write its ONNX there."""
    from safetensors.numpy import load_file

    folder = Path(directory)
    for name in ("keras", "onnx", "tf2onnx"):  # what `_write` needs, while the parent trains
        importlib.import_module(name)
    if sys.stdin.buffer.readline() != GO:
        return
    network = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    kind = ARCHITECTURES[network["parameters"]["type"]]
    sizes: dict[str, Any] = {
        name: tuple(size) if isinstance(size, list) else size
        for name, size in network["shapes"].items()
    }
    parameters, shapes = kind.model_validate(network["parameters"]), Shapes(**sizes)
    _write(parameters, shapes, load_file(folder / WEIGHTS_FILE), folder / ONNX_FILE)
    # TensorFlow takes a second to tear down, and the parent waits.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
