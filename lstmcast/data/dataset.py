"""A panel and a config become windows: split, fit, prepare, find the starts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.assembling import build_panel
from lstmcast.data.class_windows import with_class_weights
from lstmcast.data.classes import unseen_classes
from lstmcast.data.features import warm_up
from lstmcast.data.fitting import fit_preparation
from lstmcast.data.oddities import oddities
from lstmcast.data.panel import IntArray, Panel, listing
from lstmcast.data.preparation import Preparation
from lstmcast.data.preparing import Prepared, prepare
from lstmcast.data.reading.table import read_table, table_from_frame
from lstmcast.data.short_series import with_usable_series
from lstmcast.data.splitting import SPLITS, SplitName, Splits, split_panel
from lstmcast.data.windows import BoolArray, Starts, Usable, window_starts
from lstmcast.errors import TooShortError
from lstmcast.machine import release_memory

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Dataset:
    """Data made ready to train on.

    Attributes:
        panel: As read.
        splits: Where each split begins and ends.
        preparation: Fitted on the training rows.
        prepared: The panel in network units.
        starts: Rows at which the windows of each split start whose targets were all observed,
            int64: those that are scored.
        fitted_starts: The windows that a fit reads, those to train and to validate on. With
            `missing.strategy: mask` some of their targets may be missing.
        warnings: What the user should know.
    """

    panel: Panel
    splits: Splits
    preparation: Preparation
    prepared: Prepared
    starts: Mapping[SplitName, IntArray]
    fitted_starts: Starts
    warnings: tuple[str, ...]

    @property
    def n_windows(self) -> dict[SplitName, int]:
        """How many windows each split has: to train on, to validate on and to score."""
        fitted = self.fitted_starts
        return {
            "train": len(fitted.train),
            "validation": len(fitted.validation),
            "test": len(self.starts["test"]),
        }


def load_panel(config: Config, *, frame: pd.DataFrame | None = None) -> Panel:
    """The panel of a config's files, or of a frame in their place; see `with_usable_series`."""
    table = table_from_frame(frame, config.data) if frame is not None else read_table(config.data)
    panel = with_usable_series(build_panel(table, config.data), config.data, config.window)
    del table
    release_memory()
    return panel


def build_dataset(config: Config, panel: Panel, *, splits: Splits | None = None) -> Dataset:
    """Split, fit the preparation on training rows, apply it, and find the windows.

    Args:
        config: The experiment.
        panel: Its data.
        splits: Where each split begins and ends, in place of what the config says.

    Raises:
        DataError: If values are missing that must not be, or cannot be used.
        TooShortError: If a split has rows but not one window.
    """
    splits = splits or split_panel(panel, config.split)
    preparation = fit_preparation(panel, splits, config)
    prepared = prepare(panel, preparation)
    starts = _windows(prepared, splits, config)
    masks = config.data.missing.strategy == "mask"
    learnt = _windows(prepared, splits, config, partly=True) if masks else starts
    preparation = replace(preparation, trained=_with_windows(panel, learnt["train"]))
    prepared = with_class_weights(prepared, preparation, learnt["train"])
    starts, learnt = (
        {split: served(found[split], panel, preparation) for split in SPLITS}
        for found in (starts, learnt)
    )
    empty = [split for split in SPLITS if not len(learnt[split])]
    for split in empty:
        rows = splits.rows(split, panel.n_rows)
        if rows.any():
            raise no_window(config, panel, split, rows, prepared.observed)
    texts = [_EMPTY[split] for split in empty]
    if len(learnt["test"]) and not len(starts["test"]):
        texts.append(_UNSCORED)
    return Dataset(
        panel,
        splits,
        preparation,
        prepared,
        starts,
        fitted_starts=Starts(train=learnt["train"], validation=learnt["validation"]),
        warnings=(
            *panel.warnings,
            *texts,
            *oddities(panel, splits, preparation),
            *_without_network(panel, preparation, learnt["validation"]),
            *_without_windows(panel, preparation, learnt["train"], starts["test"]),
            *unseen_classes(panel, preparation),
        ),
    )


def _windows(
    prepared: Prepared, splits: Splits, config: Config, *, partly: bool = False
) -> dict[SplitName, IntArray]:
    """The windows of each split; `partly`, also those of which a part of the targets is missing."""
    whole: dict[SplitName, Usable] = {
        "train": prepared.trainable,
        "validation": prepared.trainable,
        "test": prepared.observed,
    }
    return {
        split: window_starts(
            prepared.learnable if partly else whole[split],
            config.window,
            offsets=prepared.panel.offsets,
            bounds=splits.of(split),
            stride=config.window.stride if split == "train" else 1,
        )
        for split in SPLITS
    }


def _with_windows(panel: Panel, starts: IntArray) -> tuple[str, ...]:
    """Ids of the series that some windows are of."""
    return tuple(panel.series[i] for i in np.unique(panel.series_of_row[starts]))


def served(starts: IntArray, panel: Panel, preparation: Preparation) -> IntArray:
    """The windows that there is a network for: all, but where each series has its own."""
    known = preparation.network_of(panel.series) >= 0
    return starts if known.all() else starts[known[panel.series_of_row[starts]]]


def _without_network(
    panel: Panel, preparation: Preparation, validation: IntArray
) -> tuple[str, ...]:
    """Where each series has a network: sentences on those without one, or without validation."""
    if preparation.config.model.scope != "each":
        return ()
    numbers = preparation.network_of(panel.series)
    none = [name for name, number in zip(panel.series, numbers, strict=True) if number < 0]
    unwatched = set(panel.series) - set(none) - set(_with_windows(panel, validation))
    reasons = (
        (none, "no training window, so no network (model.scope each), and no forecast."),
        (sorted(unwatched) if len(validation) else [], _UNWATCHED),
    )
    return tuple(f"{listing(names)}: {why}" for names, why in reasons if names)


def _without_windows(
    panel: Panel, preparation: Preparation, train: IntArray, test: IntArray
) -> tuple[str, ...]:
    """Sentences on the series that others are trained on, or measured on, but they are not."""
    reasons = [(test, "no window of the test split, so not measured")]
    if preparation.config.model.scope != "each":
        why = "no training window, so forecast with what was learned from the others"
        reasons.insert(0, (train, why))
    texts = []
    for starts, why in reasons:
        names = sorted(set(panel.series) - set(_with_windows(panel, starts)))
        if len(starts) and names:
            texts.append(f"{listing(names)}: {why}")
    return tuple(texts)


_UNWATCHED = (
    "no window of the validation split: the network of each (model.scope each) trains all epochs, "
    "and keeps the weights of the last."
)
_UNSCORED = (
    "no window of the test split has all its targets, so nothing is measured: shorten "
    "window.horizon."
)
_EMPTY = {
    "validation": "the validation split is empty: early stopping, reduce_lr and the best weights "
    "are switched off; the weights of the last epoch are kept, and intervals are not calibrated.",
    "test": "the test split is empty: the model is not measured on data that it has not seen.",
}


def no_window(
    config: Config, panel: Panel, split: SplitName, rows: BoolArray, usable: Usable
) -> TooShortError:
    """Why a split has rows but no window, with the arithmetic."""
    window = config.window
    needed = window.horizon
    arithmetic = f"window.horizon {window.horizon}"
    if split == "train":
        needed += window.lookback + window.lead
        arithmetic = (
            f"window.lookback {window.lookback} + window.lead {window.lead} + {arithmetic} = "
            f"{needed}"
        )
    longest = int(np.diff(panel.offsets).max())
    return TooShortError(
        f"the {split} split has no window: one needs {arithmetic} consecutive rows of one series; "
        f"the split has {_rows(int(rows.sum()))} in {panel.n_series} series"
        f"{_gaps(config, panel, rows, usable)} (longest series: {_rows(longest)} in all). Shorten "
        f"the window, enlarge split.{split}, fill gaps with data.missing.strategy, or give more "
        "data.",
        file=panel.file,
    )


def _gaps(config: Config, panel: Panel, rows: BoolArray, usable: Usable) -> str:
    """How many of some rows cannot stand in a window, and why."""
    n_unusable = int((rows & ~(usable.inputs & usable.targets)).sum())
    if not n_unusable:
        return ""
    names = panel.schema.names(kind="number")
    counts = np.isnan(panel.values[rows]).sum(axis=0)
    reasons = [f"{name} {count:,}" for name, count in zip(names, counts, strict=True) if count]
    history = warm_up(config.features, reach=config.window.lookback)
    if history:
        reasons.append(f"features that read {_rows(history)} before")
    why = f" ({', '.join(reasons)})" if reasons else ""
    return f", {n_unusable:,} of them with missing values{why}"


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def fingerprint(panel: Panel) -> str:
    """SHA-256 of what was read: times, values, categories and series."""
    digest = hashlib.sha256()
    rows = (panel.times, panel.values, panel.codes, panel.offsets)
    for array in (*rows, panel.static_values, panel.static_codes):
        digest.update(np.ascontiguousarray(array).ravel().view(np.uint8).data)
    for text in (panel.series, panel.levels, panel.static_levels, panel.schema.columns):
        digest.update(repr(text).encode())
    return digest.hexdigest()
