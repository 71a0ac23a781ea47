"""The questions that are declined, because no face tells the answer: who someone is, health, religion, origin, character ...

The words are in declined.py. Names and nations are known by capitals and endings, because no list holds them all.
"""

from __future__ import annotations

import re

from .declined import DECLINED
from .persons import AUX, FACE, IS, PEOPLE, THING, WHO
from .taxonomy import ACTION_UNITS, ATTACKS, CUES, EMOTIONS

__all__ = ["DECLINED", "refusal"]

# Capitalised words that are no name, though they follow an "is this": "Is it Inner Brow Raiser?", "Is this Presentation Attack?"
_OUR_TEXTS = (
    "real live fake spoof genuine attack photo screen face smile action unit happy sad angry afraid",
    "duchenne orbicularis zygomaticus corrugator frontalis levator depressor mentalis",
    "photoshop midjourney diffusion instagram snapchat zoom tiktok",
    *(f"{unit.name} {unit.words}" for unit in ACTION_UNITS),
    *(*EMOTIONS, *ATTACKS, *CUES),
)
_OUR_WORDS = {word for text in _OUR_TEXTS for word in text.lower().split()}
_WHICH = r"(?i:who|which)(?: one)?(?: of (?:\w+ ){1,3}?)? ?is"
_NAME = re.compile(
    rf"\b(?:(?P<person>(?i:{AUX}) (?-i:{WHO})|(?-i:{WHO}{IS})|{_WHICH})(?: (?:really|actually|be|called|named|an?|one of the))*"
    rf"|(?:(?i:{AUX}) {THING}|(?:[Ii]t|[Tt]his|[Tt]hat)(?:'s| is)|[Ll]ooks? like)(?: (?:really|actually|be|one of the))*)"
    r" (?P<name>(?:(?:Dr|Mrs?|Ms|Prof)\.? )?(?:[A-Z][a-z]*[a-zà-ÿ][\w'-]*\b ?)+)(?P<end>(?:in|or|to)\b|[?.!,]|$)?"
)
_SPELLINGS = {
    r"\b(who|what|he|she|that|where)s\b": r"\1's",
    r"\bdis\b": "this",
    r"\bu\b": "you",
    r"(?<=where )r\b|(?<=who )r\b": "are",
}
# "Does the gay man smile?" asks about a smile, "Is he the gay man?" does not.
_DESCRIBED = re.compile(
    rf"(?P<before>\b(?:he|she|it|they|this|that|who|which|one)(?:'s|'re| is| are| was)? )?"
    rf"\b(?P<the>the|these|those) (?!same\b|most\b|only\b|wanted\b|\w+est\b)\w+ (?={PEOPLE}\b)",
    re.IGNORECASE,
)


# What is known of people in general is no question about a face.
_GENERAL = re.compile(
    r"\b(?:stud(?:y|ies)|research(?:ers)?|literature|scien(?:ce|tists?)|law|legal|illegal|trained|tested|error rates?|fairness)\b",
    re.IGNORECASE,
)
_SOMEONE = re.compile(rf"\b(?:{WHO}|{FACE}|{THING})", re.IGNORECASE)


def refusal(question: str) -> str | None:
    """One polite sentence for a question about what no face tells, None for every other."""
    plain = _plain(question)
    if _GENERAL.search(plain) and not _SOMEONE.search(plain):
        return None
    topic = next((topic for topic, words in DECLINED.items() if words.is_asked_in(plain)), None)
    if topic is None and _asks_for_a_name(plain):
        topic = "who someone is"
    if topic is None:
        return None
    return f"I cannot tell {topic} from a face, but I can describe its muscle actions or check whether it is live."


def _plain(question: str) -> str:
    plain = " ".join(question.replace("’", "'").split())
    for spelling, usual in _SPELLINGS.items():
        plain = re.sub(spelling, usual, plain, flags=re.IGNORECASE)
    return _DESCRIBED.sub(lambda found: found[0] if found["before"] else f"{found['the']} ", plain)


def _asks_for_a_name(question: str) -> bool:
    """Holds a capitalised word against a person ("Is she Emma Watson?"), or nothing but such against a picture ("Is this Obama?")."""
    for found in _NAME.finditer(question):
        words = found["name"].lower().split()
        if not _OUR_WORDS.intersection(words) and (found["person"] or found["end"] is not None):
            return True
    return False
