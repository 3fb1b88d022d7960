"""The network of an experiment: trained, exported, and rebuilt from a run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstmcast.data.dataset import Dataset
from lstmcast.data.panel import listing
from lstmcast.data.preparation import Preparation
from lstmcast.errors import ConfigError, DivergedError, ResourceError
from lstmcast.execution.work import Executor
from lstmcast.experiment.apart import train_apart
from lstmcast.experiment.members import split_versions, train_members
from lstmcast.experiment.versions import KerasVersions, MemberWeights, Versions
from lstmcast.files import refusal
from lstmcast.runtime import bundle as files
from lstmcast.runtime.network import WHICH, Network, OnnxNetwork
from lstmcast.runtime.network_shapes import interface_of, shapes_of
from lstmcast.runtime.outputs import window_inputs
from lstmcast.runtime.run_writer import RunWriter
from lstmcast.training.chatter import captured_chatter
from lstmcast.training.checkpoints import Checkpoints
from lstmcast.training.progress import Progress

if TYPE_CHECKING:
    import keras

    from lstmcast.training.history import History

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

    @property
    def diverged(self) -> str | None:
        """What the user should know where a fit diverged and its best weights were kept."""
        return _diverged(self.histories)


def _diverged(histories: Sequence[History]) -> str | None:
    return next((history.diverged for history in histories if history.diverged), None)


def rebuild_network(
    preparation: Preparation, weights: Mapping[str, np.ndarray], *, series: str | None = None
) -> keras.Model:
    """The network of a run in Keras, in float32 and without what only training uses.

    Args:
        preparation: Of the run.
        weights: Those of all members where it is an ensemble; the network is then their median.
        series: Whose network, where each series has its own.

    Raises:
        BundleError: If the weights are not those of the config's network.
        ConfigError: If each series has its own network, and none is that of `series`.
    """
    number = int(preparation.network_of([series or ""])[0])
    if number < 0:
        raise ConfigError(
            f"model.scope is each: name the series whose network is wanted. Received: {series!r}; "
            f"there are {listing(preparation.trained)}."
        )
    return _rebuilt(preparation, split_versions(weights, preparation)[number : number + 1])[0]


def rebuild_forecaster(preparation: Preparation, weights: Mapping[str, np.ndarray]) -> Network:
    """What forecasts, in Keras, where a run has no exported network.

    Raises:
        BundleError: If the weights are not those of the config's network.
    """
    return _in_keras(_rebuilt(preparation, split_versions(weights, preparation)), preparation)


def _rebuilt(preparation: Preparation, weights: Sequence[MemberWeights]) -> Versions:
    from lstmcast.training.backend import load_keras
    from lstmcast.training.inference import inference_network

    config = preparation.config
    load_keras(config.training, seed=config.seed)
    shapes = shapes_of(preparation)
    return Versions([inference_network(config.model, shapes, own) for own in weights[0]], weights)


def _in_keras(versions: Versions, preparation: Preparation) -> Network:
    from lstmcast.training.inference import KerasNetwork

    if preparation.config.model.scope == "each":
        return KerasVersions(versions)
    return KerasNetwork(versions[0])


def fit(
    dataset: Dataset,
    writer: RunWriter,
    progress: Progress,
    *,
    executor: Executor | None = None,
    checkpoints: Checkpoints | None = None,
    show_chatter: bool = False,
) -> Fitted:
    """Train the network, or an ensemble of it, export it into the run, and check the export.

    Args:
        dataset: What to train on.
        writer: Of the run; its log takes the epochs, and what the libraries print.
        progress: Told of each epoch.
        executor: What trains the members of an ensemble side by side; None for one after the other.
        checkpoints: What an interrupted training has kept, and where this one keeps how far it is.
        show_chatter: Let the libraries' own lines through to stderr instead.

    Returns:
        What was trained; where a fit diverged, with its best weights.

    Raises:
        DivergedError: If the loss became NaN or infinite in the first epoch.
        ResourceError: If the backend or the device is not there.
    """
    if show_chatter:
        return _fit(dataset, writer, progress, executor, checkpoints)
    with captured_chatter() as chatter:
        fitted = _fit(dataset, writer, progress, executor, checkpoints)
    writer.log("libraries", text=chatter.text)
    return fitted


@dataclass(frozen=True)
class InMemory:
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
) -> InMemory:
    """Train as `fit` does, and write nothing.

    Args:
        dataset: What to train on.
        progress: Told of each epoch.
        weights: Where to start from, such as `InMemory.weights`; None for those of the seeds.

    Raises:
        DivergedError: If the loss became NaN or infinite.
        ResourceError: If the backend or the device is not there.
    """
    with captured_chatter():
        trained = train_members(dataset, progress, weights=weights)
        diverged = _diverged(trained.histories)
        if diverged is not None:
            raise DivergedError(diverged)
        network = _exported_in_memory(trained.versions, dataset.preparation)
        return InMemory(trained.histories, trained.weights, network)


def _fit(
    dataset: Dataset,
    writer: RunWriter,
    progress: Progress,
    executor: Executor | None,
    checkpoints: Checkpoints | None,
) -> Fitted:
    if executor is None:
        tensorboard = writer.path / files.TENSORBOARD
        trained = train_members(dataset, progress, tensorboard=tensorboard, checkpoints=checkpoints)
    else:
        trained = train_apart(dataset, progress, executor, checkpoints)
    for history in trained.histories:
        writer.log("fit", **asdict(history.plan))
        which = {"member": history.plan.member} if len(trained.histories) > 1 else {}
        for row in history.rows:
            writer.log("epoch", **which, **asdict(row))
    exported, export, warnings = _export(dataset, trained.versions, writer)
    n_members = len(trained.members)
    return Fitted(
        histories=trained.histories,
        weights=trained.weights,
        network=exported,
        members=tuple(
            _exported_in_memory(trained.versions.of_member(member), dataset.preparation)
            for member in range(n_members if n_members > 1 else 0)
        ),
        export=export,
        warnings=warnings,
    )


def _exported_in_memory(versions: Versions, preparation: Preparation) -> Network:
    """What forecasts, exported where that is possible; nothing is kept on disk."""
    with tempfile.TemporaryDirectory(prefix="lstmcast-") as folder:
        path = Path(folder) / files.NETWORK
        try:
            _write(versions, preparation, path)
        except ResourceError:
            return _in_keras(versions, preparation)
        return OnnxNetwork(path, interface=interface_of(preparation))


def _write(versions: Versions, preparation: Preparation, path: Path) -> None:
    from lstmcast.training.export import write_onnx, write_versions

    if preparation.config.model.scope == "each":
        write_versions(versions, path, which=WHICH)
    else:
        write_onnx(versions[0], path)


def _export(
    dataset: Dataset, versions: Versions, writer: RunWriter
) -> tuple[Network, dict[str, Any], tuple[str, ...]]:
    """The network that forecasts, and what the manifest says of it."""
    preparation, path = dataset.preparation, writer.path / files.NETWORK
    trained = _in_keras(versions, preparation)
    try:
        _write(versions, preparation, path)
    except OSError as error:
        raise ResourceError(refusal(path, error)) from error
    except ResourceError as error:
        warning = f"the run has no {files.NETWORK} and forecasts through Keras, slowly: {error}"
        return trained, {"left_out": str(error)}, (warning,)
    exported = OnnxNetwork(path, interface=interface_of(preparation))
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
        inputs = window_inputs(dataset.prepared, dataset.preparation, chosen)
        ours, theirs = trained(inputs), exported(inputs)
        differences.append(float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(ours), 1))))
    return max(differences)
