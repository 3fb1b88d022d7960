from __future__ import annotations

import pickle

import pytest

from lstmcast.errors import (
    BundleError,
    ConfigError,
    DataError,
    DivergedError,
    LstmcastError,
    Problem,
    ResourceError,
    TooShortError,
)


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("one sentence."),
        ConfigError([Problem("a.b", "is wrong.", line=3, hint="Did you mean a.c?")], file="x.yaml"),
        ConfigError([Problem("a", "is wrong."), Problem("b", "too.")], file="x.yaml"),
        DataError("is no number.", file="x.csv", line=7, column="y", value="?"),
        TooShortError("30 rows are needed. Received: 12.", file="x.csv"),
        BundleError("is corrupt."),
        DivergedError("became NaN."),
        ResourceError("is locked."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes_whole(error: LstmcastError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert arrived.to_json() == error.to_json()
