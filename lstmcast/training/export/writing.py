"""Writing a network as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lstmcast.errors import ResourceError
from lstmcast.training.export.graph import Graph
from lstmcast.training.export.layers import LAYERS
from lstmcast.training.export.operations import OPERATIONS
from lstmcast.training.export.recurrent import RECURRENT

if TYPE_CHECKING:
    import keras

TRANSLATIONS = RECURRENT | LAYERS | OPERATIONS


def write_onnx(network: keras.Model, path: Path) -> None:
    """Write a network.

    The inputs have the names of `Shapes`, the output is `forecast`; the batch axis is dynamic.

    Args:
        network: A functional network that `build_network` or `join_members` made.
        path: The file to write.

    Raises:
        ResourceError: If onnx is not installed, or an operation of the network has no translation.
    """
    try:
        import onnx
    except ImportError as error:
        raise ResourceError(
            "The ONNX export needs onnx, not installed here (pip install onnx)."
        ) from error
    model = Graph(network, TRANSLATIONS).to_model()
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
