"""The sizes of a run's network, as its config and its preparation imply them."""

from __future__ import annotations

from lstmcast.data.categories import category_names, embedded_series
from lstmcast.data.preparation import Preparation
from lstmcast.models.shapes import Shapes, dtype_of
from lstmcast.runtime.network import WHICH
from lstmcast.runtime.onnx_graph import Interface
from lstmcast.runtime.outputs import n_outputs_of


def shapes_of(preparation: Preparation) -> Shapes:
    """The sizes of the network that a preparation and its config ask for."""
    config, schema = preparation.config, preparation.schema
    output, categories = config.output, config.features.categories
    embedded = categories.encoding == "embedding"

    def levels(names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(preparation.vocabularies[name]) + 1 for name in names)

    rows = category_names(schema, config.features) if embedded else ()
    ahead = category_names(schema, config.features, ahead=True) if embedded else ()
    constant = schema.static_categories
    static = len(schema.names(kind="number", roles=("static",)))
    if not embedded:
        static += sum(len(preparation.vocabularies[name]) for name in constant)
    return Shapes(
        lookback=config.window.lookback,
        horizon=config.window.horizon,
        n_targets=len(schema.targets),
        n_outputs=len(preparation.classes) or n_outputs_of(output),
        past=len(schema.targets) + len(preparation.features),
        future=sum(feature.ahead for feature in preparation.features),
        static=static,
        past_levels=levels(rows),
        future_levels=levels(ahead),
        static_levels=levels(embedded_series(schema, config)),
        embedding_size=categories.embedding_size,
        head="quantiles" if output.type == "point" else output.type,
        point=output.levels.index(0.5) if output.type == "quantiles" else 0,
        reads_targets=schema.columns[0].kind == "number",
    )


def interface_of(preparation: Preparation) -> Interface:
    """What the exported network of a preparation and its config reads and gives."""
    shapes = shapes_of(preparation)
    inputs: dict[str, tuple[str, tuple[int, ...] | None]] = {
        name: (dtype_of(name), (0, *shape)) for name, shape in shapes.inputs.items()
    }
    if preparation.config.model.scope == "each":
        inputs[WHICH] = ("int64", None)
    return Interface(inputs, (0, *shapes.output))
