"""What MkDocs adds to the pages: the command line and the reports as they are, and the texts beside docs/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from truewheel.cli.manual import reference

_TOP = Path(__file__).parents[1]
_BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are generated, and those of the checkout's top."""
    from mkdocs.structure.files import File

    pages = {"command-line.md": command_line(), "reports.md": reports()}
    pages |= {name: (_TOP / name).read_text(encoding="utf-8") for name in _BESIDE}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Let links lead to these pages, which are one directory higher in the checkout."""
    here = "../" * page.file.src_path.count("/")
    for name in _BESIDE:
        markdown = markdown.replace(f"]({here}../{name}", f"]({here}{name}")
    return markdown.replace("](docs/", "](") if page.file.src_path in _BESIDE else markdown


def command_line() -> str:
    """Return the reference of every command and option, from the parsers."""
    head = "# Command line\n\nWritten from the parsers of the commands. Every command also has `--help`.\n\n"
    return head + "\n".join(reference())


def reports() -> str:
    """Return the page of the JSON documents, from their schemas."""
    return "\n".join(_reports())


def _reports() -> Iterator[str]:
    yield "# Reports\n"
    yield "Each is one JSON object; `report` says which, `version` of which version. The schemas ship in the"
    yield "package `truewheel.report` as `KIND.schema.json` (JSON Schema 2020-12). Keys may be added within a"
    yield "version; [what may change](deprecation.md) says more.\n"
    for path in sorted(resources("truewheel.report").iterdir(), key=lambda path: path.name):
        if path.name.endswith(".schema.json"):
            schema = json.loads(path.read_text(encoding="utf-8"))
            yield f"## {path.name.partition('.')[0]}\n\n{schema['title']}.\n"
            yield "| key | value |\n|---|---|"
            yield from _rows(schema, "")
            yield ""


def _rows(schema: dict[str, Any], place: str) -> Iterator[str]:
    for key, value in schema.get("properties", {}).items():
        items = value.get("items", value)
        here = f"{place}{key}{'[]' if items is not value else ''}"
        yield f"| `{here}` | {_kind(items)} |"
        yield from _rows(items, f"{here}.")


def _kind(schema: dict[str, Any]) -> str:
    about = schema.get("description", "")
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    types = schema.get("type", "")
    kind = " or ".join(types) if isinstance(types, list) else types
    text = ", ".join(f"`{json.dumps(value)}`" for value in values) if values else kind
    return f"{text}: {about}" if about and text else text or about


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Take the script that lets search work from files from this site, not from another host."""
    here = "../" * page.file.src_path.count("/")
    return output.replace("https://unpkg.com/iframe-worker/shim", f"{here}assets/file-worker.js")
