"""Renders a folder of Markdown's headings, lists and paragraphs into pages."""
import argparse
import html
import pathlib

PAGE = '<!doctype html><meta charset="utf-8"><title>{title}</title><link rel="stylesheet" href="/style.css">\n{body}\n'


def render(text: str) -> str:
    parts = []
    for block in filter(None, (block.strip() for block in text.split("\n\n"))):
        lines = block.splitlines()
        if block.startswith("#"):
            level = len(block) - len(block.lstrip("#"))
            parts.append(f"<h{level}>{html.escape(block.lstrip('# '))}</h{level}>")
        elif all(line.startswith("- ") for line in lines):
            parts.append("<ul>" + "".join(f"<li>{html.escape(line[2:])}</li>" for line in lines) + "</ul>")
        else:
            parts.append(f"<p>{html.escape(' '.join(lines))}</p>")
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--title", default="")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    args = parser.parse_args()
    for file in sorted(args.source.rglob("*")):
        out = args.target / file.relative_to(args.source)
        out.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            page = PAGE.format(title=html.escape(args.title), body=render(file.read_text()))
            out.with_suffix(".html").write_text(page)
        elif file.is_file():
            out.write_bytes(file.read_bytes())


if __name__ == "__main__":
    main()
