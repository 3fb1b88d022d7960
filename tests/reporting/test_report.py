import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lstmcast.reporting.report import choose_plots, render_report

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'
HOSTILE = "<script>alert(1)</script>\"'&"
VOID = {"meta", "img"}


class Page(HTMLParser):
    """Text by tag, and whether every tag that opens also closes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data.strip())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_verdict_comes_before_all_else(contents):
    html = render_report(contents, {})
    assert html.index("beats the best baseline") < html.index("<table")
    assert Page(html).texts["h1"] == ["demand"]


def test_it_shows_every_part(contents):
    warned = replace(contents, warnings=("3 rows were dropped.",), verdicts=("Good.", "Fitted."))
    page = Page(render_report(warned, {"loss": PNG}))
    assert page.texts["h2"] == ["Results", "By step", "Intervals", "Plots", "This run", "Config"]
    assert page.texts["dt"] == ["Rows", "Backend", "Seed"]
    assert page.texts["li"] == ["3 rows were dropped."]
    assert page.texts["pre"] == ["name: demand\nwindow:\n  lookback: 48"]
    assert {"Good.", "Fitted."} <= set(page.texts["p"])


def test_everything_that_comes_from_files_is_escaped(contents_of):
    contents = contents_of(n_windows=30, targets=(HOSTILE, "b"), horizon=2)
    hostile = replace(
        contents,
        name=HOSTILE,
        run_id=HOSTILE,
        config_text=f"name: {HOSTILE}",
        summary={HOSTILE: HOSTILE},
        verdicts=(HOSTILE, f"`{HOSTILE}`"),
        warnings=(HOSTILE,),
    )
    html = render_report(hostile, {})
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in html
    assert Page(html).texts["h1"] == [HOSTILE]


def test_it_refers_to_nothing_outside_itself(contents):
    html = render_report(contents, {"loss": SVG, "forecast": PNG})
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<link", html)
    page = Page(html)
    assert all(image["src"].startswith("data:image/") for image in page.attributes("img"))
    policy = next(m["content"] for m in page.attributes("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'")


def test_an_image_is_kept_as_what_it_is_with_a_text_beside_it(contents, tmp_path):
    file = tmp_path / "forecast.png"
    file.write_bytes(PNG)
    images = Page(render_report(contents, {"loss": SVG, "forecast": file})).attributes("img")
    assert [image["alt"] for image in images] == [
        "Plot: Forecast and actual",
        "Plot: Training and validation loss",
    ]
    kinds = [image["src"].split(",")[0] for image in images]
    assert kinds == ["data:image/png;base64", "data:image/svg+xml;base64"]
    assert base64.b64decode(images[1]["src"].split(",")[1]) == SVG


def test_tables_name_their_rows_and_columns(contents):
    page = Page(render_report(contents, {}))
    assert page.attributes("html") == [{"lang": "en"}]
    assert {attributes["scope"] for attributes in page.attributes("th")} == {"col", "row"}
    assert all(table["aria-label"] for table in page.attributes("table"))


def test_the_best_value_of_a_row_stands_out(contents):
    scores = {"model": {"mae": 2.0}, "naive": {"mae": 1.25}, "drift": {"mae": None}}
    html = render_report(replace(contents, scores={"test": scores}, metrics_scaled={}), {})
    assert '<th scope="row">MAE</th><td>2.000</td><td class="best">1.250</td><td>–</td>' in html


@pytest.mark.parametrize(("horizon", "folded"), [(12, False), (13, True)])
def test_a_long_table_by_step_is_folded(contents_of, horizon, folded):
    html = render_report(contents_of(n_windows=20, horizon=horizon), {})
    title = "MAE at each step of the test windows"
    assert (f"<summary>{title}</summary>" in html) is folded
    assert (f"<h3>{title}</h3>" in html) is not folded


def test_a_horizon_of_one_has_no_table_by_step(contents_of):
    page = Page(render_report(contents_of(n_windows=20, horizon=1), {}))
    assert "By step" not in page.texts["h2"]


def test_many_targets_are_folded(contents_of):
    targets = ("a", "b", "c", "d", "e")
    page = Page(render_report(contents_of(n_windows=20, horizon=2, targets=targets), {}))
    assert set(targets) <= set(page.texts["h3"])
    assert "2 more targets" in page.texts["summary"]


def test_an_empty_test_split_is_said_in_words(contents_of):
    contents = contents_of(n_windows=0)
    html = render_report(contents, {"loss": PNG})
    assert "Test: no windows, so nothing was measured." in html
    assert "Not drawn: Forecast and actual, Error by step" in html
    Page(html)


def test_the_smaller_file_of_a_plot_is_chosen_unless_the_svg_is_small_anyway(tmp_path):
    sizes = {"a.svg": 90_000, "a.png": 10, "b.svg": 300_000, "b.png": 200_000, "c.svg": 150_000}
    sizes["c.png"] = 160_000
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(b"x" * size)
    chosen = choose_plots(tmp_path / name for name in sizes)
    assert {name: path.name for name, path in chosen.items()} == {
        "a": "a.svg",
        "b": "b.png",
        "c": "c.svg",
    }


def test_the_members_of_an_ensemble_are_told_beside_its_own_results(contents):
    spread = {"mean": 2.5, "deviation": 0.25, "values": [2.25, 2.75]}
    members = {
        "seeds": [7, 8],
        "metrics": {"test": {"mae": spread}},
        "metrics_scaled": {"test": {"mse": spread}},
    }
    html = render_report(replace(contents, members=members), {})
    page = Page(html)
    assert "Members" in page.texts["h3"]
    assert "standardised MSE" in page.texts["th"]
    assert page.texts["td"].count("0.2500") == 2
    assert "Each of the 2 members alone" in html
    assert "Members" not in Page(render_report(contents, {})).texts["h3"]


def test_a_panel_has_its_averages_and_its_worst_series(contents):
    spread = {"mean": 0.75, "deviation": 0.1, "series": 2}
    html = render_report(
        replace(
            contents,
            over_series={"model": {"mase": spread}, "naive": {"mase": spread | {"mean": 1.5}}},
            worst_series={
                "metric": "mase",
                "series": [{"name": "<shop>", "windows": 3, "model": 2.25, "naive": 2.0}],
            },
        ),
        {},
    )
    assert "By series" in html
    assert "Averaged over the series" in html
    assert "0.7500" in html
    assert "worst by MASE" in html
    assert "&lt;shop&gt;" in html
    assert "By series" not in render_report(contents, {})
