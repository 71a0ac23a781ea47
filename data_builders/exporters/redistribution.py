"""Which licences let a set be passed on. What is not known to allow it is taken to forbid it: most face datasets are handed out on signature."""

import re

# The first words of a licence, as its file or its author begins it. "Attribution-NonCommercial" may be passed on; what forbids derivatives may not.
_OPEN = re.compile(
    r"(the )?(mit\b|apache\b|bsd\b|\d-clause bsd\b|isc\b|unlicense\b|public domain\b|cc0\b|cc[ -]zero\b|cc[ -]by\b|creative commons (zero|attribution)\b"
    r"|odc[ -]by\b|odbl\b|pddl\b|open data commons\b)",
    re.IGNORECASE,
)
_KEPT_BACK = re.compile(r"-nd\b|no-?derivat|;", re.IGNORECASE)  # a second licence after ";" is another's


def may_be_passed_on(licence: str) -> bool:
    return bool(_OPEN.match(licence.strip())) and not _KEPT_BACK.search(licence)
