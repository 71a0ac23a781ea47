"""The README's tree: one line with a comment for every file of git, folders first. `make fmt` runs `python tests/readme_tree.py`.

The README is the only home of the comments. A new Python file starts with its docstring's first sentence, any other with "?", which the
house test refuses.
"""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- tree -->\n```\nfacewise/\n)(.*?)(\n```)", re.DOTALL)


def git_files() -> list[str]:
    """Tracked files and those that would be, so that it also holds before a commit."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted({name for name in names if (ROOT / name).is_file()})


def comments(readme: str) -> dict[str, str]:
    """Path -> comment of every line of the tree; the path of a folder ends with a slash."""
    above: list[str] = []
    told = {}
    for line in BLOCK.search(readme)[2].split("\n"):
        indent, name, comment = re.fullmatch(r"( *)(\S+) *(.*)", line).groups()
        above = above[: len(indent) // 2]
        told["".join((*above, name))] = comment
        if name.endswith("/"):
            above.append(name)
    return told


def tree(files: list[str], told: dict[str, str]) -> str:
    """The lines of the tree: two spaces a level, comments in one column."""
    folders = {"/".join(name.split("/")[:depth]) + "/" for name in files for depth in range(1, name.count("/") + 1)}
    entries = sorted(folders | set(files), key=_folders_first)
    labels = ["  " * path.rstrip("/").count("/") + re.search(r"[^/]+/?$", path)[0] for path in entries]
    width = max(map(len, labels)) + 2
    return "\n".join(f"{label:<{width}}{told.get(path) or _first_comment(path)}" for label, path in zip(labels, entries))


def refreshed(readme: str) -> str:
    """The README with the tree of today's files."""
    return BLOCK.sub(lambda block: block[1] + tree(git_files(), comments(readme)) + block[3], readme)


def _folders_first(path: str) -> list[tuple[bool, str]]:
    *above, name = path.rstrip("/").split("/")
    return [*((False, part) for part in above), (not path.endswith("/"), name)]


def _first_comment(path: str) -> str:
    if not path.endswith(".py"):
        return "?"
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text())) or "?"
    return re.split(r"[.:;]\s", docstring.split("\n")[0])[0].rstrip(".")


if __name__ == "__main__":
    page = ROOT / "README.md"
    page.write_text(refreshed(page.read_text()))
