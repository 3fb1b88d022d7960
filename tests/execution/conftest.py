"""A Ray cluster on this machine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def cluster_of_one() -> Iterator[Any]:
    """A cluster whose one node, which is never ended, has room for two items."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 2,
            "include_dashboard": False,
            # Else it is ten seconds until a node that has died is missed.
            "_system_config": {
                "health_check_initial_delay_ms": 0,
                "health_check_period_ms": 500,
                "health_check_failure_threshold": 4,
            },
        },
    )
    yield cluster
    cluster.shutdown()


@pytest.fixture
def cluster(cluster_of_one: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cluster that `auto` finds."""
    monkeypatch.setenv("RAY_ADDRESS", cluster_of_one.address)
    return cluster_of_one
