"""The network of an experiment: trained, exported, and rebuilt from a run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.data.dataset import Dataset
from lstmcast.data.preparation import Preparation
from lstmcast.data.windows import gather_inputs
from lstmcast.errors import ResourceError
from lstmcast.execution.work import Executor
from lstmcast.experiment.members import shapes_of, train_apart, train_members
from lstmcast.models.ensemble import join_members
from lstmcast.runtime import bundle as files
from lstmcast.runtime.bundle import RunWriter
from lstmcast.runtime.network import Network, OnnxNetwork
from lstmcast.training.chatter import captured_chatter
from lstmcast.training.progress import Progress

if TYPE_CHECKING:
    import keras

    from lstmcast.training.fitting import History

# What the exported network may differ by from the trained one, relative to outputs of about 1.
PARITY = 1e-5


@dataclass(frozen=True)
class Fitted:
    """What was trained: one network, or the members of an ensemble.

    Attributes:
        histories: How each member was fitted; one for a network alone.
        weights: Of all members, by name.
        network: What forecasts: ONNX, or Keras without an export. Of an ensemble, the median.
        members: Each member alone, for its score; none for a network alone.
        export: What the manifest says of the export.
        warnings: What the user should know.
    """

    histories: tuple[History, ...]
    weights: Mapping[str, np.ndarray]
    network: Network
    members: tuple[Network, ...]
    export: Mapping[str, Any]
    warnings: tuple[str, ...]


def rebuild_network(preparation: Preparation, weights: Mapping[str, np.ndarray]) -> keras.Model:
    """The network of a run in Keras, in float32 and without what only training uses.

    Args:
        preparation: Of the run.
        weights: Those of all members where it is an ensemble; the network is then their median.

    Raises:
        BundleError: If the weights are not those of the config's network.
    """
    from lstmcast.training.backend import load_keras
    from lstmcast.training.inference import inference_network
    from lstmcast.training.weights import split_weights

    config = preparation.config
    load_keras(config.training, seed=config.seed)
    shapes = shapes_of(preparation)
    return join_members(
        [
            inference_network(config.model, shapes, each)
            for each in split_weights(weights, config.training.seeds)
        ]
    )


def fit(
    dataset: Dataset,
    writer: RunWriter,
    progress: Progress,
    *,
    executor: Executor | None = None,
    show_chatter: bool = False,
) -> Fitted:
    """Train the network, or an ensemble of it, export it into the run, and check the export.

    Args:
        dataset: What to train on.
        writer: Of the run; its log takes the epochs, and what the libraries print.
        progress: Told of each epoch.
        executor: What trains the members of an ensemble side by side; None for one after the other.
        show_chatter: Let the libraries' own lines through to stderr instead.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend or the device is not there.
    """
    if show_chatter:
        return _fit(dataset, writer, progress, executor)
    with captured_chatter() as chatter:
        fitted = _fit(dataset, writer, progress, executor)
    writer.log("libraries", text=chatter.text)
    return fitted


@dataclass(frozen=True)
class Trained:
    """A network that was trained and is kept in memory only.

    Attributes:
        histories: As in `Fitted`.
        weights: As in `Fitted`.
        network: What forecasts; of an ensemble, the median.
    """

    histories: tuple[History, ...]
    weights: Mapping[str, np.ndarray]
    network: Network


def train_in_memory(
    dataset: Dataset, progress: Progress, *, weights: Mapping[str, np.ndarray] | None = None
) -> Trained:
    """Train as `fit` does, and write nothing.

    Args:
        dataset: What to train on.
        progress: Told of each epoch.
        weights: Where to start from, such as `Trained.weights`; None for those of the seeds.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend or the device is not there.
    """
    from lstmcast.training.weights import join_weights, weights_of

    with captured_chatter():
        members, histories = train_members(dataset, progress, weights=weights)
        return Trained(
            histories=histories,
            weights=join_weights([weights_of(member) for member in members]),
            network=_in_memory(join_members(members)),
        )


def _fit(
    dataset: Dataset, writer: RunWriter, progress: Progress, executor: Executor | None
) -> Fitted:
    from lstmcast.training.weights import join_weights, weights_of

    if executor is None:
        tensorboard = writer.path / files.TENSORBOARD
        members, histories = train_members(dataset, progress, tensorboard=tensorboard)
    else:
        members, histories = train_apart(dataset, progress, executor)
    for history in histories:
        writer.log("fit", **asdict(history.plan))
        which = {"member": history.plan.member} if len(histories) > 1 else {}
        for row in history.rows:
            writer.log("epoch", **which, **asdict(row))
    exported, export, warnings = _export(dataset, join_members(members), writer)
    return Fitted(
        histories=histories,
        weights=join_weights([weights_of(member) for member in members]),
        network=exported,
        members=tuple(map(_in_memory, members)) if len(members) > 1 else (),
        export=export,
        warnings=warnings,
    )


def _in_memory(network: keras.Model) -> Network:
    """The network as what forecasts, exported where that is possible; nothing is kept on disk."""
    from lstmcast.training.export import write_onnx
    from lstmcast.training.inference import KerasNetwork

    with tempfile.TemporaryDirectory(prefix="lstmcast-") as folder:
        path = Path(folder) / files.NETWORK
        try:
            write_onnx(network, path)
        except ResourceError:
            return KerasNetwork(network)
        return OnnxNetwork(path)


def _export(
    dataset: Dataset, network: keras.Model, writer: RunWriter
) -> tuple[Network, dict[str, Any], tuple[str, ...]]:
    """The network that forecasts, and what the manifest says of it."""
    from lstmcast.training.export import write_onnx
    from lstmcast.training.inference import KerasNetwork

    preparation, path = dataset.preparation, writer.path / files.NETWORK
    trained = KerasNetwork(network)
    try:
        write_onnx(network, path)
    except ResourceError as error:
        warning = f"the run has no {files.NETWORK} and forecasts through Keras, slowly: {error}"
        return trained, {"left_out": str(error)}, (warning,)
    exported = OnnxNetwork(path)
    parity = _parity(dataset, trained, exported)
    warnings: tuple[str, ...] = ()
    if parity > PARITY and preparation.config.training.precision == "float32":
        warnings = (
            f"the exported network differs from the trained one by {parity:.1e} (relative)",
        )
    return exported, {"file": files.NETWORK, "parity": parity}, warnings


def _parity(dataset: Dataset, trained: Network, exported: Network) -> float:
    """Largest relative difference on some windows, one alone and seven at once."""
    starts = dataset.fitted_starts.train
    differences = [0.0]
    for chosen in (starts[:1], starts[:: max(1, len(starts) // 7)][:7]):
        inputs = gather_inputs(dataset.prepared.arrays, chosen, dataset.preparation.config.window)
        ours, theirs = trained(inputs), exported(inputs)
        differences.append(float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(ours), 1))))
    return max(differences)
