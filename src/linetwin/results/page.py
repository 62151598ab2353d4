"""One page of HTML that needs no network, and of which the tables need no script."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from plotly.offline import get_plotlyjs

from linetwin.results.glossary import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linetwin.results.figures import Figure

# Whatever the page holds, the browser is told to fetch nothing.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)


@dataclass(frozen=True)
class Section:
    """One section: HTML before its figures, figures, HTML after them; empty ones are left out."""

    name: str
    title: str
    html: str = ""
    figures: tuple[Figure, ...] = ()
    intro: str = ""
    before: str = ""
    paired: bool = False


@dataclass
class _Page:
    """Figures met while the page is put together."""

    figures: list[Figure] = field(default_factory=list)

    def section(self, section: Section) -> str:
        """Return a section as HTML, or nothing where it has nothing to show."""
        if not section.html and not section.figures:
            return ""
        intro = f"<p class='soft'>{section.intro}</p>" if section.intro else ""
        plots = "".join(self._plot(figure) for figure in section.figures)
        if section.paired and len(section.figures) > 1:
            plots = f"<div class='pair'>{plots}</div>"
        return (
            f"<section id='{section.name}'><h2>{escape(section.title)}</h2>{intro}"
            f"{section.before}{plots}{section.html}</section>"
        )

    def _plot(self, figure: Figure) -> str:
        self.figures.append(figure)
        caption = f"<figcaption>{escape(figure.caption)}</figcaption>" if figure.caption else ""
        return (
            f"<figure><h3>{escape(figure.title)}</h3>"
            f"<div class='plot' id='plot-{figure.name}' style='height:{figure.height}px'>"
            f"<noscript><p class='soft'>This figure needs JavaScript.</p></noscript></div>"
            f"{caption}</figure>"
        )


def page(
    title: str,
    header: str,
    answers: str,
    sections: Sequence[Section],
    *,
    style: str = "",
    script: str = "",
) -> str:
    """Return the whole page; `header` and `answers` are HTML, links to sections follow them.

    `style`, `script`: what a page has beyond those of all.
    """
    sheet = _Page()
    body = [sheet.section(section) for section in sections]
    links = "".join(
        f"<a href='#{section.name}'>{escape(section.title)}</a>"
        for section, html in zip(sections, body, strict=True)
        if html
    )
    figures: list[dict[str, object]] = [
        {"name": f.name, "data": f.data, "layout": f.layout | {"height": f.height}}
        for f in sheet.figures
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            "<html lang='en'><head><meta charset='utf-8'>",
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            "<meta name='viewport' content='width=device-width, initial-scale=1'>",
            f"<title>{escape(title)}</title><style>{_resource('report.css')}{style}</style></head>",
            f"<body><main>{header}",
            explain("\n".join([f"{answers}<nav>{links}</nav>", *body])),
            "</main>",
            f"<script type='application/json' id='figures'>{_embedded(figures)}</script>",
            f"<script>{get_plotlyjs()}</script>",
            f"<script>{_resource('report.js')}</script>",
            f"<script>{script}</script></body></html>" if script else "</body></html>",
            "",
        ]
    )


def _resource(name: str) -> str:
    return resources.files("linetwin.results").joinpath(name).read_text("utf-8")


def _embedded(content: object) -> str:
    """Return JSON that cannot end its script element."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("</", "<\\/")
