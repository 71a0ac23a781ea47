"""A topic of what no face tells: its words, and the forms in which a question says a word of a person.

A word in a form is what is asked; elsewhere in a question it only describes ("Does the sick child smile?").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .persons import ASKED, AUX, END, FACE, FILLING, IS, PEOPLE, STOP, THING, WHO

_NEVER = r"(?!)"


@dataclass(frozen=True)
class Topic:
    """Words as regular expressions, a bar with blanks around it between them.

    `asks`: anywhere in a question; `said`: of a person; `ends`: of a person and with nothing after it.
    """

    asks: str
    said: str = _NEVER
    ends: str = _NEVER

    def is_asked_in(self, question: str) -> bool:
        """The forms take long to compile and to match, so they are tried only where a word of the topic stands."""
        if _compiled(_any(self.asks)).search(question):
            return True
        words = rf"{_any(self.said)}|{_any(self.ends)}"
        return bool(_compiled(words).search(question) and _compiled(_forms(_any(self.said), _any(self.ends))).search(question))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


def _forms(said: str, ends: str) -> str:
    """How a question says a word of a person."""
    trait = rf"(?:{said}\b(?![-'])|{ends}\b{END})"
    either = f"(?:{said}|{ends})"
    forms = (
        rf"(?:{AUX} {WHO}|(?:{WHO}|{ASKED}){IS}|{ASKED}){FILLING} {trait}",
        rf"(?:{AUX} {THING}(?: be)?|(?:it|this|that)(?:'s| is))(?: \w+ly)? (?:the face of )?(?:an?|the|my|his|her|your|our) (?:\w+ )?{either}"
        rf"(?: {PEOPLE}\b|{STOP})",
        rf"(?:{AUX} {FACE}|{FACE}{IS}){FILLING} {said}{STOP}",
        rf"(?:how|what (?:kind|sort|type)) (?:much |many \w+ )?(?:of )?(?:an? )?(?:\w+ly )?{either} {AUX} (?:{WHO}|{FACE})",
        rf"(?:signs?|symptoms?|traces?|hints?|indications?|likelihood|risk) (?:of|for) (?:being )?(?:an? )?{said}",
        rf"^(?:(?:and|so|or|looks?|seems?|maybe|probably|kinda)\W+)*(?:an? )?(?:{said}(?: or\b.*|,? \w+)?|(?:{either},? (?:or )?){{1,3}}{said})(?=\W*$)",
    )
    return "|".join(forms)


def _any(words: str) -> str:
    """Either of the words of a Topic's text."""
    return "(?:" + " ".join(words.split()).replace(" | ", "|") + ")"
