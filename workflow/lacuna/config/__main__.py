"""`python -m lacuna.config`: write the JSON schemas and the tables of config/README.md from the keys."""

from lacuna.config.documents import ROOT, documents

for path, text in documents().items():
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
