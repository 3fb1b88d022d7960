"""Configs that a slip of the hand, or worse, has been at: strategies for Hypothesis."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from hypothesis import strategies as st

from lstmcast.config.fields import locate, members, split_annotation
from lstmcast.config.loading import config_from_mapping
from lstmcast.config.locations import Location, below, value_at
from lstmcast.models.registry import ARCHITECTURES

CONFIGS = Path(__file__).parents[2] / "configs"
# Columns of the file that all of them read; see `columns_of`.
_DATA = {"time": "time", "target": "y"}
_WINDOW = {"lookback": 6, "horizon": 2}

ODD_VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2,
        7,
        10**6,
        10**12,
        10**30,
        -(10**30),
        0.5,
        -0.5,
        1e-300,
        1e300,
    ),
    *(math.nan, math.inf, -math.inf, "", " ", "0", "1", "no", "on", "auto", "none", "null", "y"),
    *("time", "x", "Y", "h", "D", "0D", "-1D", "1e-3", "1:30", "2024-01-05", "2024-13-45", "12%"),
    *("9999-12-31", "1", "~", ".", "..", "*", "[", "%Q", "%Y", "Europe/Berlin", "utf-16", "idna"),
    *("\u0661\u0662", "é", "\U0001f600", "\t", "\n", "a" * 300, "lstm", "segment", "quantiles"),
    *([], {}, [[]], [None], [0], [-1], [1, 1], ["y"], ["y", "y"], ["x"], [0.5, 0.5], [1e300]),
    *({"y": [1]}, {"y": 2}, {"x": {"window": 3}}, {"": 1}, {"a": {"b": {}}}, {"column": "x"}),
]
_OF_TYPE: dict[Any, list[Any]] = {
    bool: [True, False],
    int: [0, 1, 2, 3, 5, 7, 30, 60, 100, 1000, 10**6, 10**9, 2**31, 2**63, 10**30, -1],
    float: [0.0, 1e-300, 1e-6, 0.1, 0.5, 0.9, 1.0, 3.0, 1e6, 1e300],
    str: [
        "time",
        "y",
        "x",
        "z",
        "D",
        "2D",
        "W",
        "MS",
        "h",
        "2024-01-20",
        "2024-02-10",
        "2d",
        "40d",
    ],
    type(None): [None],
}
ODD_TEXTS = [
    *(
        "\t",
        ":",
        ": ",
        "- ",
        "? ",
        "#",
        "&a ",
        "*a",
        "<<: ",
        "!!str ",
        "!x ",
        "---\n",
        "...\n",
        "%",
    ),
    *("[", "]", "{", "}", ",", "'", '"', "|", ">", "\n", "\r", "\0", "\ufeff", "\u2028", "\x85"),
    *("~", "null", "1e999", "0x", "0o8", ".inf", "\\ud800", '"\\ud800"', "  ", "data:", "x" * 200),
]


def base_configs() -> list[dict[str, Any]]:
    """The shipped configs, and one of each architecture with every field written out.

    All read the same small file, and have windows that fit it.
    """
    shipped = [yaml.safe_load(path.read_text()) for path in sorted(CONFIGS.glob("*.yaml"))]
    for values in shipped:
        values["data"] = {**values["data"], **_DATA, "path": "data.csv"}
        values["window"] = dict(_WINDOW)
        if "segment" in values.get("model", {}):
            values["model"]["segment"] = 3
        for role in ("past_covariates", "future_covariates", "static_covariates", "series"):
            values["data"].pop(role, None)
        values["features"] = {"calendar": ["dayofweek"]}
        values["split"] = {"train": 0.6, "validation": 0.2, "test": 0.2}
    return [*shipped, *(_written_out(kind) for kind in ARCHITECTURES)]


def _written_out(kind: str) -> dict[str, Any]:
    """Every field of a config, with something in those that are empty by default."""
    values = {
        "data": {**_DATA, "path": "data.csv", "past_covariates": ["x"]},
        "window": _WINDOW,
        "model": {"type": kind, **({"segment": 3} if kind == "segment" else {})},
        "features": {
            "calendar": ["month"],
            "lags": {"y": [1]},
            "rolling": {"y": {"window": 3}},
            "differences": {"x": [1]},
            "interactions": [["x", "y"]],
            "polynomials": {"x": 2},
            "time_since": ["x"],
        },
    }
    written: dict[str, Any] = config_from_mapping(values).config.model_dump(mode="json")
    written["data"]["path"] = "data.csv"
    return written


@st.composite
def mutated_values(draw: st.DrawFn, bases: list[dict[str, Any]]) -> dict[str, Any]:
    """A config with keys dropped, renamed or moved, and values replaced by odd ones."""
    values = copy.deepcopy(draw(st.sampled_from(bases)))
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place, _ in below(values) if place]
        if places:
            _mutate(draw, values, draw(st.sampled_from(places)))
    return values


def _mutate(draw: st.DrawFn, values: dict[str, Any], place: Location) -> None:
    holder, key = value_at(values, place[:-1]), place[-1]
    how = draw(st.sampled_from([*["fitting"] * 5, "replace", "drop", "rename", "wrap", "move"]))
    if how in ("fitting", "replace"):
        fitting = _fitting(place, holder[key]) if how == "fitting" else []
        holder[key] = copy.deepcopy(draw(st.sampled_from(fitting or ODD_VALUES)))
    elif how == "wrap":
        holder[key] = draw(st.sampled_from([[holder[key]], {"a": holder[key]}, str(holder[key])]))
    elif how == "move":
        others = [other for other, _ in below(values) if other]
        holder[key] = copy.deepcopy(value_at(values, draw(st.sampled_from(others))))
    else:
        value = holder.pop(key)
        if how == "rename" and isinstance(holder, dict):
            new = draw(st.sampled_from([f"{key}s", str(key)[:-1], str(key).upper(), "type", ""]))
            holder[new] = value


def _fitting(place: Location, value: Any) -> list[Any]:
    """Other values of the kind that a field takes, though they may not go with its others."""
    annotation = locate(place)[1]
    if annotation is None:
        return []
    found: list[Any] = []
    for member in members(annotation):
        bare, _ = split_annotation(member)
        found += get_args(bare) if get_origin(bare) is Literal else _OF_TYPE.get(bare, [])
    if isinstance(value, list) and value:
        found += [value[:1], value * 2, value[::-1], []]
    return found


@st.composite
def mutated_texts(draw: st.DrawFn, bases: list[dict[str, Any]]) -> bytes:
    """The YAML of a config with bytes flipped, lines repeated or lost, and odd texts put in."""
    text = yaml.safe_dump(draw(st.sampled_from(bases)), sort_keys=False)
    content = bytearray(text.encode())
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        how = draw(st.sampled_from(["flip", "insert", "cut", "repeat"]))
        end = content.find(b"\n", at) + 1
        if how == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "insert":
            content[at:at] = draw(st.sampled_from(ODD_TEXTS)).encode()
        elif how == "cut":
            del content[at:end]
        elif end:
            content[end:end] = content[content.rfind(b"\n", 0, at) + 1 : end]
    return bytes(content)
