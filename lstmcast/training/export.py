"""Exporting a network to ONNX, through TensorFlow.

The graph is rebuilt in float32 without what only training uses. It must be traced by TensorFlow on
the CPU, for what cuDNN runs has no counterpart in ONNX: where the process runs JAX or sees a GPU,
a child process does it (`python -m lstmcast.training.export DIRECTORY`), and gets what it needs as
files.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import ResourceError
from lstmcast.models.parameters import RecurrentParameters
from lstmcast.models.registry import ARCHITECTURES, build_network
from lstmcast.models.shapes import Shapes, dtype_of
from lstmcast.training.weights import load_weights

if TYPE_CHECKING:
    import keras

OUTPUT_NAME = "forecast"
NETWORK_FILE, WEIGHTS_FILE, ONNX_FILE = "network.json", "weights.safetensors", "model.onnx"


def export_onnx(
    parameters: RecurrentParameters,
    shapes: Shapes,
    weights: Mapping[str, NDArray[Any]],
    path: Path,
) -> None:
    """Write a network as ONNX.

    The inputs have the names of `Shapes`, the output is `forecast`; the batch axis is dynamic.

    Args:
        parameters: The `model` section that the network was built from.
        shapes: Its sizes.
        weights: What `weights_of` took from it.
        path: The file to write.

    Raises:
        ResourceError: If TensorFlow or tf2onnx is not installed, or the conversion fails.
    """
    missing = [name for name in ("tensorflow", "tf2onnx") if not importlib.util.find_spec(name)]
    if missing:
        raise ResourceError(
            f"The ONNX export needs {' and '.join(missing)}, not installed here "
            f"(pip install {' '.join(missing)})."
        )
    if _can_trace_here():
        _write(parameters, shapes, weights, path)
    else:
        _write_in_child(parameters, shapes, weights, path)


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


def _write_in_child(
    parameters: RecurrentParameters,
    shapes: Shapes,
    weights: Mapping[str, NDArray[Any]],
    path: Path,
) -> None:
    """Trace and convert in a process of its own, on TensorFlow without a GPU."""
    from safetensors.numpy import save_file

    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        network = {"parameters": parameters.model_dump(mode="json"), "shapes": asdict(shapes)}
        (folder / NETWORK_FILE).write_text(json.dumps(network), encoding="utf-8")
        save_file(dict(weights), folder / WEIGHTS_FILE)
        child = subprocess.run(
            [sys.executable, "-m", "lstmcast.training.export", directory],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if child.returncode:
            reason = child.stderr.strip().splitlines()[-1:] or [f"exit {child.returncode}"]
            raise ResourceError(f"The ONNX export in a TensorFlow process failed: {reason[0]}")
        shutil.copyfile(folder / ONNX_FILE, path)


def main(directory: str) -> None:
    """What the child process does: read the network from a directory, write its ONNX there."""
    from safetensors.numpy import load_file

    folder = Path(directory)
    network = json.loads((folder / NETWORK_FILE).read_text(encoding="utf-8"))
    kind = ARCHITECTURES[network["parameters"]["type"]]
    sizes: dict[str, Any] = {
        name: tuple(size) if isinstance(size, list) else size
        for name, size in network["shapes"].items()
    }
    _write(
        kind.model_validate(network["parameters"]),
        Shapes(**sizes),
        load_file(folder / WEIGHTS_FILE),
        folder / ONNX_FILE,
    )


if __name__ == "__main__":
    main(sys.argv[1])
