"""What MkDocs does with the documents: those outside docs/ become pages, links keep leading where they lead, and the
rules are drawn, because the library that draws Mermaid would be loaded from another host.
"""

import posixpath
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
from mkdocs.structure.files import File

from lacuna.reporting.rulegraph import draw

# Document outside docs/ → page. All links between documents are right in the repository; here they are translated.
OUTSIDE = {
    "README.md": "index.md",
    "config/README.md": "config.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
}
LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(?=[)#])")
BADGES = re.compile(r"^\[!\[.*\n", re.MULTILINE)  # pictures on other hosts, which no page of the site asks for

MERMAID = re.compile(r"^```mermaid\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
DRAWING = "rules.svg"


def on_files(files, config):
    """Adds the pages whose documents lie elsewhere, and the drawing of the rules."""
    for document, page in OUTSIDE.items():
        text = Path(config.config_file_path).parent.joinpath(document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=BADGES.sub("", text)))
    arrows = re.findall(r"(\w+) --> (\w+)", Path(config.docs_dir, "rules.md").read_text(encoding="utf-8"))
    with TemporaryDirectory() as folder:
        draw(nx.DiGraph(arrows), Path(folder, DRAWING))
        files.append(File.generated(config, DRAWING, content=Path(folder, DRAWING).read_bytes()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turns links from place to place in the repository into links from page to page, and Mermaid into its drawing."""
    documents = {page: document for document, page in OUTSIDE.items()}

    def document_of(uri: str) -> str:
        return documents.get(uri, f"docs/{uri}")

    pages = {document_of(file.src_uri): file.src_uri for file in files}
    here = posixpath.dirname(document_of(page.file.src_uri))

    def translated(link: re.Match) -> str:
        target = pages.get(posixpath.normpath(posixpath.join(here, link[1])))
        return posixpath.relpath(target, posixpath.dirname(page.file.src_uri) or ".") if target else link[1]

    return MERMAID.sub(f"[![The rules and their arrows]({DRAWING})]({DRAWING})\n", LINK.sub(translated, markdown))
