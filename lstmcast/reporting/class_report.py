"""The report of a classification: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lstmcast.reporting import page
from lstmcast.reporting.catalogue import CLASS_PLOTS, class_plots_left_out
from lstmcast.reporting.contents import ClassContents
from lstmcast.reporting.report import header, image_of, split_table
from lstmcast.reporting.tables import class_table, metrics_of, step_table


def render_class_report(contents: ClassContents, plots: Mapping[str, bytes | Path]) -> str:
    """The report as HTML.

    Args:
        contents: What to show.
        plots: PNG or SVG images by name of the plot, as in `catalogue.CLASS_PLOTS`.

    Returns:
        A page without any reference to a file or an address.
    """
    config = page.preformatted(contents.config_text)
    body = [
        header(contents),
        page.section("Results", _results(contents)),
        page.section("By class", _by_class(contents)),
        page.section("By step", _by_step(contents)),
        page.section("Plots", *_figures(contents, plots)),
        page.section("This run", page.facts(contents.summary)),
        page.section("Config", page.folded("The whole config", config)),
    ]
    return page.document(f"{contents.name}: lstmcast report", body)


def _results(contents: ClassContents) -> str:
    note = (
        f"{contents.test.n_windows:,} windows; precision, recall and F1 are means over the "
        "classes; the best of each row in bold."
    )
    others = [split_table(contents.scores, split) for split in ("validation", "train")]
    return "\n".join([split_table(contents.scores, "test", note), page.beside(others)])


def _by_class(contents: ClassContents) -> str:
    values = class_table(contents.scores.get("test", {}))
    note = "Of the model on the test windows; in brackets how often the class came true."
    return page.table(values, title=contents.test.target, note=note) if values.rows else ""


def _by_step(contents: ClassContents) -> str:
    """One metric at each step; nothing for a horizon of one."""
    scores = contents.scores.get("test", {})
    if contents.test.horizon < 2 or not contents.test.n_windows:
        return ""
    metric = metrics_of(scores)[0]
    values = step_table(scores, metric)
    return page.table(values, title=f"{metric.replace('_', ' ')} at each step of the test windows")


def _figures(contents: ClassContents, plots: Mapping[str, bytes | Path]) -> list[str]:
    figures = [
        page.figure(image_of(plots[name]), title=entry.title, caption=entry.caption)
        for name, entry in CLASS_PLOTS.items()
        if name in plots
    ]
    notes = [
        page.paragraph(f"Not drawn: {CLASS_PLOTS[name].title}. {reason}", kind="soft")
        for name, reason in class_plots_left_out(contents).items()
    ]
    return [*figures, *notes]
