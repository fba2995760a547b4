"""One table in three spellings: Markdown, HTML, LaTeX."""

import re

from lacuna.reporting.display import Cell, DisplayTable
from lacuna.reporting.markup import html as escape
from lacuna.reporting.markup import latex, markdown

SHADE = "#8a5fb040"  # of shaded cells: purple, read on light and dark ground
STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin-bottom: 2.5rem; }
caption { text-align: left; padding-bottom: .6rem; }
th, td { padding: .25rem .8rem; text-align: right; }
thead th { border-bottom: 2px solid; vertical-align: bottom; }
tbody { border-bottom: 1px solid #8888; }
tbody th { text-align: left; font-weight: normal; vertical-align: top; }
th:nth-child(-n+2) { text-align: left; }
"""


def to_markdown(tables: list[DisplayTable]) -> str:
    """GitHub-flavoured Markdown; best values are **bold**."""
    lines = []
    for table in tables:
        aligns = [":--", ":--"] + ["--:"] * (len(table.head) - 2)
        lines += [f"**{markdown(table.title)}.** {markdown(table.caption)}", ""]
        lines += [f"| {' | '.join(map(markdown, table.head))} |", f"| {' | '.join(aligns)} |"]
        for group, rows in table.groups:
            for position, (label, cells) in enumerate(rows):
                texts = [f"**{markdown(cell.text)}**" if cell.best else markdown(cell.text) for cell in cells]
                first = markdown(group) if position == 0 else ""
                lines.append(f"| {' | '.join([first, markdown(label), *texts])} |")
        lines.append("")
    return "\n".join(lines)


def _html_label(text: str) -> str:
    """Escaped, and a mark after a name never alone on a line."""
    return re.sub(r" (?=[↑↓†‡])", "\N{NO-BREAK SPACE}", escape(text))


def _html_cell(cell: Cell) -> str:
    value, bracket, interval = escape(cell.text).partition(" [")
    value = f"<strong>{value}</strong>" if cell.best else value
    start = f'<td style="background: {SHADE}">' if cell.shaded else "<td>"
    return f'{start}{value} <span class="interval">[{interval}</span></td>' if bracket else f"{start}{value}</td>"


def to_html(table: DisplayTable, with_caption: bool = True) -> str:
    """One <table> element; a data set is a row header that spans its metrics."""
    caption = f"<caption><strong>{escape(table.title)}.</strong> {escape(table.caption)}</caption>\n"
    parts = ["<table>\n", caption if with_caption else "", "<thead><tr>"]
    parts += [f'<th scope="col">{_html_label(text)}</th>' for text in table.head]
    parts.append("</tr></thead>\n")
    for group, rows in table.groups:
        parts.append("<tbody>\n")
        for position, (label, cells) in enumerate(rows):
            head = f'<th scope="rowgroup" rowspan="{len(rows)}">{_html_label(group)}</th>' if position == 0 else ""
            body = "".join(map(_html_cell, cells))
            parts.append(f'<tr>{head}<th scope="row">{_html_label(label)}</th>{body}</tr>\n')
        parts.append("</tbody>\n")
    parts.append("</table>\n")
    return "".join(parts)


def to_html_page(tables: list[DisplayTable], title: str) -> str:
    """A page that stands alone, without scripts or outside resources."""
    body = "\n".join(f"<div>{to_html(table)}</div>" for table in tables)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n"
        "</body></html>\n"
    )


def to_latex(tables: list[DisplayTable]) -> str:
    """`table` environments that need the package booktabs and nothing else."""
    lines = [r"% needs \usepackage{booktabs}"]
    for table in tables:
        lines += [r"\begin{table}", r"\centering"]
        lines.append(rf"\caption{{\textbf{{{latex(table.title)}.}} {latex(table.caption)}}}")
        lines += [rf"\begin{{tabular}}{{ll{'r' * (len(table.head) - 2)}}}", r"\toprule"]
        lines.append(" & ".join(latex(text) for text in table.head) + r" \\")
        for group, rows in table.groups:
            lines.append(r"\midrule")
            for position, (label, cells) in enumerate(rows):
                texts = [latex(cell.text) for cell in cells]
                texts = [rf"\textbf{{{t}}}" if cell.best else t for t, cell in zip(texts, cells, strict=True)]
                first = latex(group) if position == 0 else ""
                lines.append(" & ".join([first, latex(label), *texts]) + r" \\")
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}", ""]
    return "\n".join(lines)
