"""One window that a run keeps with its forecast, to tell that the network still gives the same.

The hashes of a run tell that its files are those that were written; the probe, that they forecast
here and now what they forecast in training: with this release of ONNX Runtime, on this processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared
from lstmcast.errors import BundleError
from lstmcast.models.exported import OUTPUT_NAME
from lstmcast.runtime.bundle import PROBE, Bundle
from lstmcast.runtime.network import Network
from lstmcast.runtime.network_shapes import interface_of
from lstmcast.runtime.outputs import window_inputs
from lstmcast.runtime.reading import open_arrays
from lstmcast.runtime.run_writer import RunWriter

# What a forecast in network units may differ by from that of training, relative to outputs of 1 or
# more. Of the same operators other processors round otherwise: by 1e-6. A run without an export
# is rebuilt in Keras, in float32 whatever it was trained in.
TOLERANCE, TOLERANCE_KERAS = 1e-4, 1e-2


def write_probe(
    writer: RunWriter, network: Network, prepared: Prepared, preparation: Preparation, *, start: int
) -> None:
    """Keep a window and what the network says of it.

    Args:
        writer: Of the run.
        network: What the run forecasts with.
        prepared: The panel, made ready.
        preparation: What was fitted.
        start: Of the window.
    """
    inputs = window_inputs(prepared, preparation, np.array([start], dtype=np.int64))
    said = network(inputs).astype(np.float32)
    writer.arrays(PROBE, [*sorted(inputs.items()), (OUTPUT_NAME, said)])


def check_probe(bundle: Bundle, network: Network) -> None:
    """Ask the network of a run for the forecast that it gave in training.

    Args:
        bundle: The run; of one that keeps no probe nothing is asked.
        network: Its network.

    Raises:
        BundleError: If the forecast is another, or the probe is none of this run.
    """
    if PROBE not in bundle.manifest["files"]:
        return
    file = bundle.path / PROBE
    with open_arrays(file) as arrays:
        inputs = {name: arrays[name] for name in arrays}
    expected = inputs.pop(OUTPUT_NAME, None)
    if expected is None or not _fits(inputs, expected, bundle.preparation):
        raise BundleError(f"{file}: does not fit the run. Train the run again.")
    allowed = TOLERANCE if bundle.network_file is not None else TOLERANCE_KERAS
    found = network(inputs)
    with np.errstate(all="ignore"):
        error = np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1))
    if not error <= allowed:
        raise BundleError(
            f"{bundle.path}: its network does not forecast what it did in training: on the window "
            f"of {file.name} it is off by {error:.1e} (relative; {allowed:g} may be). Restore the "
            "run or train it again."
        )


def _fits(
    inputs: Mapping[str, NDArray[Any]], expected: NDArray[Any], preparation: Preparation
) -> bool:
    """Whether a window and its forecast have the shapes of the run's network, and are finite."""
    interface = interface_of(preparation)
    wanted = {
        name: (dtype, (1, *(shape or ())[1:])) for name, (dtype, shape) in interface.inputs.items()
    }
    found = {name: (str(values.dtype), values.shape) for name, values in inputs.items()}
    fits = found == wanted and str(expected.dtype) == "float32"
    return (
        fits
        and expected.shape == (1, *interface.output[1:])
        and all(bool(np.isfinite(values).all()) for values in (expected, *inputs.values()))
    )
