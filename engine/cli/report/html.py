"""A report as one HTML page that loads nothing: styles and charts are in it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from engine import __version__
from engine.cli.report.chart import svg
from engine.cli.report.document import Body, Chart, Grid, Listing, Report, Sentences, is_empty
from engine.words.messages import language, say
from engine.words.text import clean

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--back:#fff;--soft:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9198a1;--line:#3d444d;--back:#0d1117;
--soft:#151b23}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:1080px;
margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.45rem;margin:0 0 .6rem}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}
.answer{font-size:1.05rem;background:var(--soft);border-left:4px solid #1f6feb;padding:.7rem 1rem;
margin:0}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.22rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;
overflow-wrap:anywhere;max-width:30rem}
th{color:var(--dim);font-weight:600}.figure{text-align:right;white-space:nowrap}
pre{background:var(--soft);padding:.7rem 1rem;white-space:pre-wrap;overflow-wrap:anywhere;
font-size:13px}
svg{width:100%;max-width:760px;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
svg .grid{stroke:var(--line)}svg .limit{stroke:#cf222e;stroke-dasharray:6 4}
svg .chosen{fill:#cf222e}svg .range{stroke:var(--ink);stroke-width:2}
footer{color:var(--dim);margin-top:2rem;font-size:13px}
"""


def html_text(report: Report) -> str:
    """The whole page. Every text of it is escaped."""
    title = _shown(report.title)
    written = say("Written by rooftop {version}.", version=__version__)
    body = "".join(
        f"<section><h2>{_shown(one.heading)}</h2>{_body(one.body)}</section>\n"
        for one in report.sections
        if not is_empty(one.body)
    )
    return (
        f'<!doctype html>\n<html lang="{language()}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f'<h1>{title}</h1>\n<p class="answer">{_shown(report.answer)}</p>\n{body}'
        f"<footer>{_shown(written)}</footer>\n</body></html>\n"
    )


def _shown(text: str) -> str:
    return escape(clean(text, len(text)))


def _body(body: Body) -> str:
    match body:
        case Grid():
            return f'<div class="wide"><table>{"".join(_rows(body))}</table></div>'
        case Sentences(lines) if len(lines) > 1:
            return f"<ul>{''.join(f'<li>{_shown(line)}</li>' for line in lines)}</ul>"
        case Sentences(lines):
            return f"<p>{_shown(lines[0])}</p>"
        case Listing(text):
            return "<pre>" + "\n".join(_shown(line) for line in text.splitlines()) + "</pre>"
        case Chart() | _:
            return svg(body)


def _rows(grid: Grid) -> Iterator[str]:
    for number, row in enumerate(grid.rows):
        tag = "td" if number else "th"
        cells = (
            f"<{tag}{' class=figure' if place in grid.right else ''}>{_shown(cell)}</{tag}>"
            for place, cell in enumerate(row)
        )
        yield f"<tr>{''.join(cells)}</tr>"
