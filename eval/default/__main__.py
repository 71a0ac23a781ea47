"""`make evaluate-default DATA=/path/to/data`: prints the table of all targets. Exit code 0 only if all that could be measured was."""

import json
import sys

from ...model.errors import exit_code
from .groups import CHOICES
from .settings import Settings, settings_of


def main(argv: list[str] | None = None) -> int:
    settings = settings_of(argv, CHOICES)
    return run(settings)


def run(settings: Settings) -> int:
    from .markdown import missing_rows, summary, table
    from .material import Material
    from .parts import chosen
    from .reader import Reader
    from .running import measured

    reader, rows, whole = Reader(settings.model), [], True
    print(f"# {reader.checkpoint.name}\n", flush=True)
    for group, found, is_right in measured(chosen(settings.only), reader, Material(settings)):
        rows += [(group, row) for row in found]
        whole &= is_right
        if text := table(group, found):
            print(text, flush=True)
    alone = [row for _, row in rows]
    if text := missing_rows(alone):
        print(text)
    print(summary(alone))
    if settings.json is not None:
        told = {"model": reader.checkpoint.name, "rows": [{"group": group, **row.to_dict()} for group, row in rows]}
        settings.json.write_text(json.dumps(told, indent=1))
    return 0 if whole else 2


if __name__ == "__main__":
    sys.exit(exit_code(main))
