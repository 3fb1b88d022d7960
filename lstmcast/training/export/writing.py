"""Writing a network as an ONNX file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.errors import ResourceError
from lstmcast.models.exported import LARGEST
from lstmcast.training.export.graph import Graph
from lstmcast.training.export.layers import LAYERS
from lstmcast.training.export.operations import OPERATIONS
from lstmcast.training.export.recurrent import RECURRENT

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

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
    _check_installed()
    _save(Graph(network, TRANSLATIONS).to_model(), path)


def write_versions(versions: Iterable[keras.Model], path: Path, *, which: str) -> None:
    """Write several versions of a network as one, with an input that tells which.

    The weights in which they differ lie one after the other in an array, of which each run takes
    one entry.

    Args:
        versions: One network again and again, with other weights each time; at least once.
        path: The file to write.
        which: Name of that input, int64 `()`.

    Raises:
        ResourceError: As `write_onnx`, and where all together are more than a file can hold.
    """
    _check_installed()
    model, stacked = None, []
    for network in versions:
        graph = Graph(network, TRANSLATIONS)
        model = model or graph.to_model()
        stacked.append(graph.values)
    if model is None:
        raise ValueError("no version is given.")
    size = sum(values.nbytes for values in stacked[0].values()) * len(stacked)
    if size > LARGEST:
        raise ResourceError(
            f"The ONNX export of {len(stacked):,} networks would have {size / 1e9:.1f} GB, and a "
            f"file holds {LARGEST / 1e9:.0f}."
        )
    _choose(model, stacked, which)
    _save(model, path)


def _check_installed() -> None:
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise ResourceError(
            "The ONNX export needs onnx, not installed here (pip install onnx)."
        ) from error


def _choose(model: Any, stacked: Sequence[Mapping[str, NDArray[Any]]], which: str) -> None:
    """Put the values of all versions in the place of those of one, and the choice before them."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    chosen = []
    for constant in graph.initializer:
        each = [values[constant.name] for values in stacked]
        if all(np.array_equal(values, each[0]) for values in each):
            continue
        name, constant.name = constant.name, f"{constant.name}_each"
        constant.CopyFrom(numpy_helper.from_array(np.stack(each), constant.name))
        chosen.append(helper.make_node("Gather", [constant.name, which], [name], axis=0))
    nodes = [*chosen, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input.append(helper.make_tensor_value_info(which, TensorProto.INT64, []))
    # So that it is an input also of versions that do not differ.
    graph.node.append(helper.make_node("Identity", [which], [f"{which}_read"]))


def _save(model: Any, path: Path) -> None:
    import onnx

    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
