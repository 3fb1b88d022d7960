"""What `lstmcast models` lists."""

from __future__ import annotations

import json
from dataclasses import asdict

from lstmcast.config.catalogue import Parameter, list_architectures


def test_every_architecture_is_listed_with_a_summary() -> None:
    listed = {architecture.name: architecture.summary for architecture in list_architectures()}
    assert {"lstm", "gru", "attention", "cnn_lstm", "seq2seq"} <= set(listed)
    assert all(listed.values())


def test_a_parameter_has_type_default_and_description() -> None:
    cnn_lstm = next(entry for entry in list_architectures() if entry.name == "cnn_lstm")
    by_name = {parameter.name: parameter for parameter in cnn_lstm.parameters}
    assert by_name["kernel_size"] == Parameter(
        name="kernel_size",
        type="an integer of at least 1",
        default=5,
        description="Steps that a convolution sees at once.",
    )
    assert "type" not in by_name


def test_every_parameter_is_described() -> None:
    for architecture in list_architectures():
        assert all(parameter.description for parameter in architecture.parameters)


def test_the_list_is_plain_data() -> None:
    plain = [asdict(architecture) for architecture in list_architectures()]
    assert len(json.loads(json.dumps(plain))) == len(plain)
