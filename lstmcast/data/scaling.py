"""Scaling and transforming, fitted on training rows by scikit-learn and kept as numbers.

Each of scikit-learn's scalers is affine, so what is kept of it is a centre and a scale:
`scaled = (value - centre) / scale`, with no need of scikit-learn to apply or to undo it.
"""

from __future__ import annotations

import numpy as np

from lstmcast.data.panel import FloatArray


def fit_scaler(values: FloatArray, kind: str) -> tuple[FloatArray, FloatArray]:
    """Centre and scale of each column.

    Args:
        values: float64, `(n_training_rows, n_columns)`; NaN is left out.
        kind: `standard`, `minmax`, `robust` or `none`.

    Returns:
        Two float64 arrays, `(n_columns,)`; NaN for a column without a value, and scale 1 for a
        constant column, as scikit-learn has it.
    """
    n_columns = values.shape[1]
    if kind == "none":
        return np.zeros(n_columns), np.ones(n_columns)
    centre, scale = np.full(n_columns, np.nan), np.full(n_columns, np.nan)
    known = (~np.isnan(values)).any(axis=0)
    if not known.any():
        return centre, scale
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    columns = values[:, known]
    if kind == "standard":
        standard = StandardScaler().fit(columns)
        centre[known], scale[known] = standard.mean_, standard.scale_
    elif kind == "minmax":
        minmax = MinMaxScaler().fit(columns)
        centre[known], scale[known] = minmax.data_min_, 1 / minmax.scale_
    else:
        robust = RobustScaler().fit(columns)
        centre[known], scale[known] = robust.center_, robust.scale_
    return centre, scale


def fit_exponent(values: FloatArray, transform: str) -> float | None:
    """The exponent of a power transform, by maximum likelihood (scikit-learn's).

    Args:
        values: float64, `(n_training_rows,)`, one target; NaN is left out.
        transform: Its name.

    Returns:
        None for a transform without an exponent, and where there is no value; 1, which bends
        nothing, where all values are the same.
    """
    known = values[~np.isnan(values)]
    if transform not in ("box_cox", "yeo_johnson") or not len(known):
        return None
    if known.min() == known.max():
        return 1.0
    from sklearn.preprocessing import PowerTransformer

    method = transform.replace("_", "-")
    fitted = PowerTransformer(method=method, standardize=False).fit(known[:, None])
    return float(fitted.lambdas_[0])


def transform_target(values: FloatArray, transform: str, exponent: float | None) -> FloatArray:
    """Apply `log`, `log1p`, `box_cox` (Box & Cox 1964) or `yeo_johnson` (Yeo & Johnson 2000).

    Args:
        values: float64, any shape, inside the transform's domain or NaN.
        transform: Its name, or `none`.
        exponent: Lambda, of the two power transforms.
    """
    if transform == "log":
        return np.log(values)
    if transform == "log1p":
        return np.log1p(values)
    if transform == "box_cox":
        return _box_cox(values, exponent or 0.0)
    if transform == "yeo_johnson":
        power = exponent or 0.0
        above = _box_cox(np.maximum(values, 0) + 1, power)
        below = -_box_cox(1 - np.minimum(values, 0), 2 - power)
        return np.where(values >= 0, above, below)
    return values


def inverse_transform(values: FloatArray, transform: str, exponent: float | None) -> FloatArray:
    """Undo `transform_target`; a value beyond its range becomes the nearest one that is inside."""
    if transform == "log":
        return np.exp(values)
    if transform == "log1p":
        return np.expm1(values)
    if transform == "box_cox":
        return _inverse_box_cox(values, exponent or 0.0)
    if transform == "yeo_johnson":
        power = exponent or 0.0
        above = _inverse_box_cox(np.maximum(values, 0), power) - 1
        below = 1 - _inverse_box_cox(-np.minimum(values, 0), 2 - power)
        return np.where(values >= 0, above, below)
    return values


def outside_domain(values: FloatArray, transform: str) -> np.ndarray:
    """Whether each value cannot be transformed: `log` and `box_cox` > 0, `log1p` > -1."""
    if transform in ("log", "box_cox"):
        return values <= 0
    if transform == "log1p":
        return values <= -1
    return np.zeros(values.shape, dtype=bool)


def _box_cox(values: FloatArray, power: float) -> FloatArray:
    if abs(power) < 1e-12:
        return np.log(values)
    return np.expm1(power * np.log(values)) / power


def _inverse_box_cox(values: FloatArray, power: float) -> FloatArray:
    if abs(power) < 1e-12:
        return np.exp(values)
    inside = np.maximum(power * values, np.nextafter(-1.0, 0.0))
    return np.exp(np.log1p(inside) / power)
