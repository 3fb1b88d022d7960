"""What there is to know of a dataset before a training, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstmcast.config.schema import Config
from lstmcast.data.categories import category_names
from lstmcast.data.dataset import Dataset, build_dataset, load_panel
from lstmcast.data.panel import FloatArray
from lstmcast.data.splitting import SPLITS
from lstmcast.training.kernels import kernel_of
from lstmcast.training.memory import fit_memory

_FLOAT32 = 4
_LARGE = 1e18


def unscaled_dataset(config: Config) -> Dataset:
    """Read, split and prepare, all but the scalers.

    They change no row and no window, and scikit-learn, which fits them, loads slowly.

    Raises:
        DataError: If the config would not train.
    """
    panel = load_panel(config)
    if _needs_scaling(panel.values):
        return build_dataset(config, panel)
    scaling = config.scaling.model_copy(update={"features": "none", "target": "none"})
    return build_dataset(config.model_copy(update={"scaling": scaling}), panel)


def _needs_scaling(values: FloatArray) -> bool:
    """Whether a value is so large or small that only scaled it may, or may not, fit a float32."""
    sizes = np.abs(values[values != 0])
    return bool((sizes > _LARGE).any() or (sizes < 1 / _LARGE).any())


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """Rows, period, windows, inputs and memory, as plain JSON values; memory in bytes."""
    panel, config = dataset.panel, dataset.preparation.config
    origin = panel.origin
    return {
        "rows": panel.n_rows,
        "series": panel.n_series,
        "first": str(panel.times.min()),
        "last": str(panel.times.max()),
        "freq": panel.schema.freq,
        "season_length": panel.schema.season_length,
        "inserted": 0 if origin is None else int((origin.line == 0).sum()),
        "missing": _missing(dataset),
        "strategy": config.data.missing.strategy,
        "lookback": config.window.lookback,
        "horizon": config.window.horizon,
        "windows": dict(dataset.n_windows),
        "split_ends": _split_ends(dataset),
        "inputs": _inputs(dataset),
        "seeds": list(config.seeds),
        "memory": _memory(dataset),
        "warnings": list(dataset.warnings),
    }


def _missing(dataset: Dataset) -> dict[str, int]:
    """Missing values of each column as read, inserted rows included; only where there are some."""
    panel = dataset.panel
    numbers = np.isnan(panel.values).sum(axis=0)
    codes = (panel.codes < 0).sum(axis=0)
    schema = panel.schema
    names = (*schema.names(kind="number"), *schema.names(kind="category"))
    counts = zip(names, (*numbers, *codes), strict=True)
    return {name: int(count) for name, count in counts if count}


def _split_ends(dataset: Dataset) -> dict[str, str | None]:
    """The last time of each split's rows over all series; None where it has none."""
    panel = dataset.panel
    ends: dict[str, str | None] = {}
    for split in SPLITS:
        rows = dataset.splits.rows(split, panel.n_rows)
        ends[split] = str(panel.times[rows].max()) if rows.any() else None
    return ends


def _inputs(dataset: Dataset) -> list[str]:
    """The columns that the network reads; categories in one-hot form are several."""
    preparation = dataset.preparation
    schema, categories = preparation.schema, preparation.config.features.categories
    named = category_names(schema, preparation.config.features)
    embedded = named if categories.encoding == "embedding" else ()
    static = [c.name for c in schema.columns if c.role == "static" and c.name not in schema.targets]
    if preparation.config.features.series_embedding and schema.series is not None:
        static.append(schema.series)
    features = [feature.name for feature in preparation.features]
    targets = schema.targets if schema.columns[0].kind == "number" else ()
    return [*targets, *features, *embedded, *static]


def _memory(dataset: Dataset) -> dict[str, int]:
    """Bytes of the prepared rows, a batch gathered from them, all windows at once, and the fit."""
    arrays, config = dataset.prepared.arrays, dataset.preparation.config
    window, parts = config.window, kernel_of(config, has_gpu=False).parts
    columns = arrays.past.shape[1] + arrays.past_codes.shape[1]
    ahead = arrays.future.shape[1] + arrays.future_codes.shape[1] + arrays.n_targets
    each = _FLOAT32 * (window.lookback * columns + window.horizon * ahead)
    rows = (arrays.past, arrays.future, arrays.past_codes, arrays.future_codes)
    return {
        "rows": sum(array.nbytes for array in rows),
        "batch": each * config.training.batch_size,
        "materialised": each * sum(dataset.n_windows.values()),
        "fit": fit_memory(config, arrays, dataset.fitted_starts, parts=parts),
    }
