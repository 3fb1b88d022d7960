"""Configs that the tests start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from lstmcast.config.loading import LoadedConfig, load_config
from lstmcast.errors import ConfigError, Problem

Load = Callable[..., LoadedConfig]
Fail = Callable[..., dict[str, Problem]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a YAML text written to `co2.yaml`."""

    def load_text(text: str, *overrides: str) -> LoadedConfig:
        file = tmp_path / "co2.yaml"
        file.write_text(dedent(text), encoding="utf-8")
        return load_config(file, overrides=overrides)

    return load_text


@pytest.fixture
def fail(load: Load) -> Fail:
    """Load a YAML text that is wrong; the problems by their dotted path."""

    def problems(text: str, *overrides: str) -> dict[str, Problem]:
        with pytest.raises(ConfigError) as raised:
            load(text, *overrides)
        found: Sequence[Problem] = raised.value.problems
        assert len({problem.path for problem in found}) == len(found)
        return {problem.path: problem for problem in found}

    return problems
