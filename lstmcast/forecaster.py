"""The facade: a config becomes a forecaster that fits, evaluates, predicts, and is kept as a run.

Importing it is light; the heavy libraries come with the call that needs them.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lstmcast.errors import ConfigError, DataWarning

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from lstmcast.config.schema import Config
    from lstmcast.data.panel import Panel
    from lstmcast.runtime.bundle import Bundle
    from lstmcast.runtime.detecting import Detection
    from lstmcast.runtime.forecasting import Forecast
    from lstmcast.runtime.generating import Draw
    from lstmcast.runtime.network import Network
    from lstmcast.training.progress import Progress


class Forecaster:
    """An LSTM forecaster, trained or to be trained.

    Example:
        ```python
        forecaster = Forecaster({"data": {"time": "date", "target": "sales"}}).fit(frame)
        print(forecaster.evaluate()["metrics"]["test"]["model"]["mase"])
        forecast = forecaster.predict(steps=14)
        forecaster.save("runs/sales")
        ```

    Args:
        config: A `Config`, a mapping of its fields, or the path of a YAML file.

    Raises:
        ConfigError: If the config is wrong; names every problem.
    """

    def __init__(self, config: Config | Mapping[str, Any] | str | Path) -> None:
        self.config = _as_config(config)
        self._bundle: Bundle | None = None
        self._network: Network | None = None

    @classmethod
    def load(cls, directory: str | Path, *, expect_sha256: str | None = None) -> Self:
        """A forecaster from a run directory, verified.

        Its exported network is asked for the forecast that it gave in training; where there is
        none, and Keras forecasts, that is asked when it is first needed.

        Args:
            directory: Of the run.
            expect_sha256: SHA-256 of the manifest of the run that is meant, as `train --json` and
                `runs show` tell it; None for any.

        Raises:
            BundleError: If the run is missing, damaged, of a newer format, or not the one that is
                expected.
        """
        from lstmcast.runtime.bundle import load_bundle

        bundle = load_bundle(Path(directory), expect_sha256=expect_sha256)
        forecaster = cls(bundle.config)
        forecaster._bundle = bundle
        if bundle.network_file is not None:
            forecaster.network()
        return forecaster

    def fit(self, frame: pd.DataFrame | None = None, *, progress: Progress | None = None) -> Self:
        """Train.

        Args:
            frame: The data; None to read the config's `data.path`.
            progress: Told of each epoch.

        Raises:
            DataError: If the data cannot be used.
            DivergedError: If the loss became NaN or infinite.
        """
        from lstmcast.experiment import train
        from lstmcast.runtime.bundle import load_bundle

        scratch = Path(tempfile.mkdtemp(prefix="lstmcast-"))
        # The run lives there until it is saved, and no longer than this forecaster.
        weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        run = train(self.config, frame=frame, runs_dir=scratch, progress=progress)
        self._bundle, self._network = load_bundle(run.path), None
        for text in run.warnings:
            warnings.warn(text, DataWarning, stacklevel=2)
        return self

    def evaluate(self, data: pd.DataFrame | str | Path | None = None) -> dict[str, Any]:
        """Measure.

        Args:
            data: New data, or their file; only windows whose targets come after the validation
                period are measured. None for the splits of the training data, as `fit` measured
                them.

        Returns:
            `windows`, `metrics` and `metrics_scaled` by split, `intervals` of a run that is
            calibrated, and `verdicts`; as `fit` measured them also the `members` of an ensemble.

        Raises:
            DataError: If the data cannot be used.
        """
        from lstmcast.runtime.evaluating import evaluate_panel

        if data is None:
            return self.bundle.metrics()
        if self._classifies:
            from lstmcast.runtime.classifying import evaluate_classes

            return evaluate_classes(self.bundle, self._history(data), self.network())
        return evaluate_panel(self.bundle, self._history(data), self.network())

    def predict(
        self,
        data: pd.DataFrame | str | Path | None = None,
        *,
        future: pd.DataFrame | str | Path | None = None,
        steps: int | None = None,
        learn: bool = False,
    ) -> pd.DataFrame:
        """Forecast each series from its last row on; one that is too short is left out.

        Intervals are as far as they have learned (see `docs/intervals.md`). Of classes
        it is the most probable one; beyond the horizon it reads itself.

        Args:
            data: History, or its file; None for the run's own last rows.
            future: The future covariates over the horizon, or their file.
            steps: How many; None for `window.horizon`.
            learn: Let the intervals learn from what is new in the data before, and keep that beside
                the run, in `<run>.state/`.

        Returns:
            Long form: time, series, target (if several), `step`, `prediction`, quantiles; of
            classes their probabilities, `p_` before the name of the class.

        Raises:
            ConfigError: If more than the horizon is asked for and cannot be had.
            DataError: If an input is missing.
        """
        from lstmcast.runtime.tables import prediction_frame

        panel = self._long_history(data)
        if self._classifies:
            return self._classes_ahead(panel, future, steps)
        return prediction_frame(self._forecast(panel, future, steps, learn=learn))

    def generate(
        self,
        data: pd.DataFrame | str | Path | None = None,
        *,
        future: pd.DataFrame | str | Path | None = None,
        steps: int | None = None,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> pd.DataFrame:
        """Draw the classes that follow each series, by their probabilities.

        Each block of `window.horizon` steps reads the classes that were drawn before it. The same
        data and the same seed give the same classes.

        Args:
            data: As `predict`.
            future: As `predict`.
            steps: As `predict`.
            temperature: Below 1 what is probable is drawn more often; above, less.
            seed: Of the draws; None for that of the config.

        Returns:
            As `predict`; the probabilities are those that were drawn by.

        Raises:
            ConfigError: As `predict`; also if the task is no classification.
            DataError: As `predict`.
        """
        from lstmcast.runtime.generating import Draw

        if not self._classifies:
            raise ConfigError(
                "only classes are generated (task: classification). For paths of a forecast there "
                "is `sample`, on the command line --samples N."
            )
        panel = self._long_history(data)
        return self._classes_ahead(panel, future, steps, draw=Draw(temperature, seed))

    def sample(
        self,
        n_paths: int,
        data: pd.DataFrame | str | Path | None = None,
        *,
        future: pd.DataFrame | str | Path | None = None,
        steps: int | None = None,
    ) -> pd.DataFrame:
        """Draw paths that the future of each series may take.

        The steps of a path go together as those of the validation windows did. The same data give
        the same paths: they are drawn with the seed of the config.

        Args:
            n_paths: How many for each series.
            data: As `predict`.
            future: As `predict`.
            steps: As `predict`.

        Returns:
            Long form: time, series, target (if several), `path`, `step`, `value`.

        Raises:
            ConfigError: As `predict`; also if the forecast is a point without intervals.
            DataError: As `predict`.
        """
        from lstmcast.runtime.tables import paths_frame

        if self._classifies:
            raise ConfigError(
                "paths are of numbers. For classes that are drawn there is `generate`, on the "
                "command line --sample."
            )
        if n_paths < 1:
            raise ConfigError(f"n_paths must be 1 or more. Received: {n_paths}")
        self._check_names({"path", "value"}, "paths")
        panel = self._long_history(data)
        return paths_frame(self._forecast(panel, future, steps, n_paths=n_paths))

    def detect(
        self,
        data: pd.DataFrame | str | Path,
        *,
        rate: float = 0.01,
        step: int = 1,
        replace: bool = True,
        future: pd.DataFrame | str | Path | None = None,
    ) -> Detection:
        """Find the values that are further from their forecast than validation errors allow.

        Every value observed after the validation period is judged by the forecast that was made for
        it; of series that training did not have, all are (see `docs/detecting.md`).

        Args:
            data: The data, or their file.
            rate: Share of false alarms among values like those of validation.
            step: How far ahead each value is forecast, from 1 to `window.horizon`.
            replace: Let later forecasts read the forecast of an anomaly in its place.
            future: The future covariates after the end of the data, or their file; without them
                the last values of a run that reads such covariates cannot be judged.

        Returns:
            What was found: `table()` of it, `summary()` of its counts, `text`.

        Raises:
            ConfigError: If the rate or the step cannot be had.
            DataError: If the data cannot be used.
            BundleError: If the run keeps no validation scores.
        """
        from lstmcast.runtime.detecting import detect
        from lstmcast.runtime.judging import Search
        from lstmcast.runtime.scores import needed_scores
        from lstmcast.runtime.tables import FOUND

        if self._classifies:
            raise ConfigError(
                "`detect` judges numbers by their forecasts, and this run is a classification."
            )
        self._check_names(set(FOUND), "anomalies")
        scores = needed_scores(self.bundle)
        ahead = self._known_ahead(future)
        return detect(
            self._history(data),
            self.bundle.preparation,
            self.network(),
            scores,
            Search(rate=rate, step=step, replace=replace),
            future=ahead,
        )

    def _check_names(self, added: set[str], what: str) -> None:
        """Refuse columns of the user that would be lost in a table.

        Raises:
            ConfigError: Naming them.
        """
        schema = self.bundle.preparation.schema
        if taken := added & {*schema.time, schema.series}:
            raise ConfigError(
                f"`{', '.join(sorted(taken))}` is the name of another column in the table of "
                f"{what}. Rename the column in the data, and train again."
            )

    def _forecast(
        self,
        panel: Panel,
        future: pd.DataFrame | str | Path | None,
        steps: int | None,
        *,
        n_paths: int | None = None,
        learn: bool = False,
    ) -> Forecast:
        """The forecast from a panel, with sample paths where their number is given."""
        from lstmcast.runtime.predicting import Asked, predict

        asked = Asked(future, steps, n_paths, learn)
        found, notes = predict(self.bundle, self.network(), panel, asked)
        for text in notes:
            warnings.warn(text, DataWarning, stacklevel=3)
        return found

    def _classes_ahead(
        self,
        panel: Panel,
        future: pd.DataFrame | str | Path | None,
        steps: int | None,
        *,
        draw: Draw | None = None,
    ) -> pd.DataFrame:
        """The table of the classes that follow a panel."""
        from lstmcast.runtime.generating import classify_ahead
        from lstmcast.runtime.tables import class_frame

        ahead, preparation = self._known_ahead(future), self.bundle.preparation
        return class_frame(
            classify_ahead(panel, preparation, self.network(), steps=steps, future=ahead, draw=draw)
        )

    def _known_ahead(self, future: pd.DataFrame | str | Path | None) -> Panel | None:
        """The panel of the future covariates, with a warning of what training did not see."""
        from lstmcast.runtime.inputs import future_panel
        from lstmcast.runtime.unfamiliar import unfamiliar_future

        if future is None:
            return None
        ahead = future_panel(self.bundle, future)
        for text in unfamiliar_future(ahead, self.bundle.preparation):
            warnings.warn(text, DataWarning, stacklevel=4)
        return ahead

    @property
    def _classifies(self) -> bool:
        return self.config.task == "classification"

    def attention(self, data: pd.DataFrame | str | Path | None = None) -> pd.DataFrame:
        """How much each step of the lookback counts in the forecast of `predict(data)`.

        Imports Keras: the weights are inside the network, not among its outputs.

        Args:
            data: History, or its file; None for the run's own last rows.

        Returns:
            Long form: time, series (if there is a column for it), `weight`. The weights of a
            series add up to 1.

        Raises:
            ConfigError: If the architecture is not `attention`.
            DataError: If an input is missing.
        """
        from lstmcast.experiment.attention import attention_frame, check_attention

        check_attention(self.bundle)
        return attention_frame(self.bundle, self._long_history(data))

    def template(
        self, data: pd.DataFrame | str | Path | None = None, *, steps: int | None = None
    ) -> pd.DataFrame:
        """The future covariates to fill in for `predict(data, steps=steps)`.

        Raises:
            ConfigError, DataError: As `predict`.
        """
        from lstmcast.runtime.forecasting import rows_ahead
        from lstmcast.runtime.inputs import template_frame

        n_rows = rows_ahead(self.bundle.preparation, steps)
        return template_frame(self._long_history(data), n_rows, self.bundle.config.data)

    def save(self, directory: str | Path) -> Path:
        """Keep the run in a new directory, and beside it what its intervals have learned.

        Raises:
            ResourceError: If the directory is there already, or cannot be written.
        """
        from lstmcast.runtime.copying import copy_run

        target = Path(directory)
        copy_run(self.bundle.path, target)
        return target

    def _history(
        self,
        data: pd.DataFrame | str | Path | None,
        *,
        stacklevel: int = 3,
        labels: bool = True,
    ) -> Panel:
        """The panel of some data, with a warning of what the user should know about it."""
        from lstmcast.runtime.inputs import history_panel, served_panel
        from lstmcast.runtime.unfamiliar import unfamiliar

        panel = history_panel(self.bundle, data, labels=labels)
        panel, left_out = served_panel(panel, self.bundle.preparation)
        if data is not None:
            for text in (*panel.warnings, *unfamiliar(panel, self.bundle.preparation), *left_out):
                warnings.warn(text, DataWarning, stacklevel=stacklevel)
        return panel

    def _long_history(self, data: pd.DataFrame | str | Path | None) -> Panel:
        """Those series of some data that are long enough to forecast, with a warning."""
        from lstmcast.runtime.inputs import forecastable

        panel, texts = forecastable(
            self._history(data, stacklevel=4, labels=False), self.bundle.preparation
        )
        for text in texts:
            warnings.warn(text, DataWarning, stacklevel=3)
        return panel

    @property
    def bundle(self) -> Bundle:
        """The trained run.

        Raises:
            ConfigError: If nothing was trained yet.
        """
        if self._bundle is None:
            raise ConfigError("the forecaster is not trained. Call `fit`, or `Forecaster.load`.")
        return self._bundle

    def network(self) -> Network:
        """The network that forecasts: ONNX Runtime, or Keras where there is no ONNX file.

        Raises:
            BundleError: If it is none of ours, or does not forecast what it did in training.
        """
        if self._network is None:
            from lstmcast.runtime.probe import check_probe

            network = self._opened()
            check_probe(self.bundle, network)
            self._network = network
        return self._network

    def _opened(self) -> Network:
        bundle = self.bundle
        if bundle.network_file is not None:
            from lstmcast.runtime.network import OnnxNetwork
            from lstmcast.runtime.network_shapes import interface_of

            return OnnxNetwork(bundle.network_file, interface=interface_of(bundle.preparation))
        from lstmcast.experiment.network import rebuild_forecaster

        return rebuild_forecaster(bundle.preparation, bundle.weights())

    def keras_model(self, series: str | None = None) -> keras.Model:
        """The trained network as a Keras model, to look into or to go on with.

        Of an ensemble, one that calls its members (`models.ensemble.members_of`) and gives their
        median.

        Imports Keras on the backend of the config.

        Args:
            series: Whose network, with `model.scope: each`.

        Raises:
            ConfigError: If each series has its own network, and none is that of `series`.
        """
        from lstmcast.experiment import rebuild_network

        return rebuild_network(self.bundle.preparation, self.bundle.weights(), series=series)


def _as_config(config: Config | Mapping[str, Any] | str | Path) -> Config:
    from lstmcast.config.checks import check_config
    from lstmcast.config.loading import config_from_mapping, load_config
    from lstmcast.config.schema import Config

    if isinstance(config, Config):
        problems = check_config(config)
        if problems:
            raise ConfigError(problems)
        return config
    if isinstance(config, Mapping):
        return config_from_mapping(config).config
    return load_config(config).config
