"""The pieces of HTML that the report is put together from; each escapes what it is given."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from html import escape

from lstmcast.reporting.tables import ResultTable, Row
from lstmcast.reporting.wording import format_number

_CODE = re.compile(r"`([^`]+)`")
_SVG_STARTS = (b"<?xml", b"<svg")

# No script, nothing from elsewhere: the file may be opened, mailed and archived without a worry.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d8dee4;
  --paper: #ffffff; --panel: #f6f8fa; --accent: #0072b2; --alert: #d55e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4af; --line: #30363d; --paper: #0d1117; --panel: #161b22;
    --accent: #56b4e9; --alert: #e69f00; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
.soft, figcaption { color: var(--soft); font-size: .9rem; }
.verdict { margin: 1.4rem 0 .6rem; padding: .9rem 1.1rem; background: var(--panel);
  border-left: 4px solid var(--accent); font-size: 1.15rem; font-weight: 600; }
.warnings { margin: 1rem 0; padding: .6rem 1.1rem; background: var(--panel);
  border-left: 4px solid var(--alert); }
.warnings ul { margin: .2rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; }
.beside { display: flex; flex-wrap: wrap; gap: 0 2rem; } .beside > div { min-width: 0; }
code { font-size: .92em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .4rem 0; }
th, td { padding: .28rem .5rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-weight: 600; }
tbody th { font-weight: 500; }
td.best { font-weight: 700; color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: .4rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.4rem 0 2rem; }
figure h3 { margin: 0 0 .1rem; }
figure img { display: block; width: 100%; height: auto; margin-top: .6rem; background: #fff;
  border: 1px solid var(--line); border-radius: 4px; padding: .4rem; }
details { margin: .8rem 0; } summary { cursor: pointer; font-weight: 600; }
pre { padding: .9rem 1.1rem; background: var(--panel); overflow-x: auto; font-size: .85rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  h2, h3 { break-after: avoid; } figure, tr, .verdict { break-inside: avoid; }
  pre { white-space: pre-wrap; } }
"""


def document(title: str, body: Iterable[str]) -> str:
    """A whole page; `body` is HTML."""
    content = "\n".join(part for part in body if part)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""


def header(title: str, note: str) -> str:
    """The head of the page: what it is about."""
    return f'<header>\n<h1>{escape(title)}</h1>\n<p class="soft">{escape(note)}</p>\n</header>'


def section(heading: str, *parts: str) -> str:
    """A section; nothing where all `parts` (HTML) are empty."""
    content = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(heading)}</h2>\n{content}\n</section>" if content else ""


def paragraph(text: str, *, kind: str = "") -> str:
    """A paragraph, of a CSS class where `kind` names one."""
    attribute = f' class="{escape(kind)}"' if kind else ""
    return f"<p{attribute}>{_prose(text)}</p>"


def heading(text: str) -> str:
    """A heading below that of a section."""
    return f"<h3>{escape(text)}</h3>"


def folded(summary: str, content: str, *, is_open: bool = False) -> str:
    """HTML that the reader unfolds by a click."""
    state = " open" if is_open else ""
    return f"<details{state}><summary>{escape(summary)}</summary>\n{content}\n</details>"


def preformatted(text: str) -> str:
    """Text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def warning_box(texts: Iterable[str]) -> str:
    """A box of warnings; nothing where there is none."""
    items = "".join(f"<li>{_prose(text)}</li>" for text in texts)
    if not items:
        return ""
    return f'<div class="warnings" role="note"><strong>Warnings</strong><ul>{items}</ul></div>'


def facts(pairs: Mapping[str, str]) -> str:
    """Names and values."""
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs.items()
    )
    return f"<dl>{items}</dl>" if items else ""


def table(values: ResultTable, *, title: str, note: str = "", headed: bool = True) -> str:
    """A table of numbers, under its title where it is `headed`, the best of each row in bold."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in values.columns)
    rows = "\n".join(_table_row(row) for row in values.rows)
    return (
        f"<div>{heading(title) if headed else ''}{paragraph(note, kind='soft') if note else ''}\n"
        f'<div class="scroll"><table aria-label="{escape(title)}">\n'
        f'<thead><tr><th scope="col">{escape(values.corner)}</th>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div></div>"
    )


def beside(parts: Iterable[str]) -> str:
    """HTML parts next to one another where the page is wide enough."""
    return f'<div class="beside">{"".join(parts)}</div>'


def _prose(text: str) -> str:
    """Escaped text, with `names` between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _table_row(row: Row) -> str:
    opening = ('<td class="best">' if i in row.best else "<td>" for i in range(len(row.values)))
    cells = "".join(
        f"{tag}{format_number(value)}</td>" for tag, value in zip(opening, row.values, strict=True)
    )
    return f'<tr><th scope="row">{escape(row.label)}</th>{cells}</tr>'


def figure(image: bytes, *, title: str, caption: str) -> str:
    """A PNG or SVG image, kept inside the page.

    As an `img` an SVG runs no script, loads nothing, and its ids do not clash with another's.
    """
    kind = "svg+xml" if image.lstrip().startswith(_SVG_STARTS) else "png"
    data = base64.b64encode(image).decode("ascii")
    return (
        f"<figure>\n<h3>{escape(title)}</h3>\n<figcaption>{_prose(caption)}</figcaption>\n"
        f'<img alt="{escape(f"Plot: {title}")}" src="data:image/{kind};base64,{data}">\n</figure>'
    )
