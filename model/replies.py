"""Free text of any model to a label of a closed space: one parser for evaluation, rewards and the server.

What names no label, or two, is UNPARSED; what declines is REFUSED; nothing is guessed. In order: an object in JSON, a marked
answer ("Answer: (B)", "Final verdict: spoof"), a conclusion ("Therefore ..."), the sentences that claim ("The face is ..."),
then all of the text. What is denied, asked or supposed ("not a spoof", "whether", "would") is no claim; of two classes, one
denied outright is the other.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from . import reply_words
from .taxonomy import EMOTIONS

UNPARSED, REFUSED = "unparsed", "refused"
Space = Mapping[str, Sequence[str]]  # label -> the words that stand for it

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|$)", re.DOTALL | re.IGNORECASE)
_MARKS = re.compile(r"\*+|__+|`+|^\s*(?:#+|>|[-•])\s+|<\|?/?\w+\|?>", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_MARKED = re.compile(
    r"(?:\b(?:final |my |correct )?(?:answer|verdict|label|prediction|classification|conclusion|decision|result|emotion|expression|class|category"
    r"|attack type|type of attack)(?: is)?\s*[:=]\s*|\b(?:final |my |correct )?answer is:?\s+)([^\n]*)"
)
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}|<answer>\s*(.*?)\s*</answer>", re.DOTALL | re.IGNORECASE)
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|in conclusion|to conclude|(?:we|i) (?:can )?conclude|in summary|overall|so, |final(?:ly)?\b)"
)
_SUPPOSED = re.compile(
    r"\b(?:would(?! (?:say|classify|guess|call|label|conclude|describe))|whether|typical(?:ly)?|usually|if (?:it|this|the)|such as|e\.g\.|for example|as opposed to)\b|\?$"
)
_ENDS = r"(?=[.,;:!?\n]|\b(?:and|but|yet|while|though|although|however|whereas|because|since|as)\b|$)"
_DENIAL = (
    r"(?:\bno(?! doubt| question| emotion| strong emotion| particular emotion)|\bnot(?! only| just| merely| live\b)|\bnor|\bnever|\bwithout(?! doubt)"
    r"|\bneither|\b\w+n't|\bcannot|\brather than|\binstead of|\black(?:s|ing)?(?: of)?|\babsence of|\bunlike|\bfree of|\brule[sd]? out|\bmissing)\b"
)
DENIED = re.compile(rf"{_DENIAL}[^.,;:!?\n]*?{_ENDS}")
_OUTRIGHT = re.compile(
    r"(?:\bnot|\bnever|\b\w+n't)(?: (?:a|an|the|any|actually|really|likely|be|being|appear|look|seem|to|show|of|from|face|image|photo|person"
    r"|think|believe|this|that|it|is)){0,6} $"
)
_SIGNS = r"(?:signs?|evidence|indications?|traces?|hints?)"
_NO_SIGN = re.compile(
    rf"(?:\bno (?:\w+ )?{_SIGNS}|(?:\bnot|n't) (?:see|find|detect|observe|notice|show) (?:any |clear )?{_SIGNS})(?: (?!but\b)\w+){{0,5}} $|\bno $"
)
_NO_CLAIM_BEFORE = re.compile(r"\b(?:probability|likelihood|chance|score|risk)(?: (?:of|for|a|an|being))* $")
_NO_CLAIM_AFTER = (
    r"(?!-(?:time|life|world|looking))(?! (?:masks?|smiles?|skin|textures?|depth|hair|paper|probability|likelihood|score|confidence|cues?"
    r"|signs?|indicators?|artifacts?|artefacts?|detection|time|world|life)\b)"
)
_CLAIMS = re.compile(
    r"(?:\b(?:is|are|was|be|appears?|seems?|looks?|shows?|showing|indicates?|suggests?|express(?:es|ing)?|displays?|conveys?|depicts?|reads?|resembles?"
    r"|classif(?:y|ied)|labell?ed|categori[sz]ed|likely|probably|exhibits?|reflects?|represents?|identif(?:y|ied))|'s)\b"
)
_DECLINES = re.compile(
    r"\b(?:i|we)(?: am|'m| was)? ?(?:can ?not|can't|won't|unable to|not able to|must decline|do not|don't|will not|not (?:comfortable|allowed|permitted))"
    r"(?: \w+){0,3}? (?:help|assist|identify|identifying|analy[sz]e|analy[sz]ing|provide|answer|comply|recogni[sz]e|comment|infer|guess|assess|evaluate|speculate"
    r"|discuss|make|engage|estimate|process|do (?:that|this))\b.*?(?=[.;!?\n]|,? but\b|\bhowever\b|$)"
)
_SORRY = re.compile(
    r"\b(?:sorry|apologi[sz]e|as an ai|my (?:guidelines|policy)|against (?:my|our) (?:policy|policies|guidelines)|i must decline|i prefer not)\b"
)
_FILLER = r"\s+(?:(?:is|are|both|clearly|slightly|strongly)\s+){0,2}"
_OPENS = re.compile(r"[{\[]")
_TRIES = 20  # brackets that open nothing
_NEAR = 80  # characters before a word that may deny it outright
_KEYS = [
    "final_answer",
    "answer",
    "verdict",
    "label",
    "prediction",
    "predicted_label",
    "classification",
    "class",
    "category",
    "result",
    "emotion",
    "expression",
    "dominant_emotion",
    "attack_type",
    "attack",
    "type",
    "status",
    "decision",
]
_TRUTHS = {
    "is_live": "live",
    "live": "live",
    "is_real": "live",
    "real": "live",
    "is_spoof": "spoof",
    "spoof": "spoof",
    "is_fake": "spoof",
    "fake": "spoof",
}


def emotion(text: str, labels: Sequence[str] = EMOTIONS, lettered: bool = False) -> str:
    return choice(text, spaced(labels, reply_words.EMOTIONS), lettered)


def verdict(text: str, yes: str | None = None, lettered: bool = False) -> str:
    """live, spoof or uncertain. `yes`: what a plain yes means ("Is this face real?": live)."""
    return choice(text, reply_words.VERDICTS, lettered, yes)


def attack(text: str, labels: Sequence[str], lettered: bool = False) -> str:
    return choice(text, spaced(labels, reply_words.ATTACKS), lettered)


def yes_or_no(text: str) -> str:
    return choice(text, {"yes": ("yes", "yeah", "true"), "no": ("no", "nope", "false")}, yes="yes")


def spaced(labels: Sequence[str], words: Space) -> Space:
    """The labels with their synonyms; one without stands for itself."""
    return {label: (label.replace("_", " ").lower(), *words.get(label, ())) for label in labels}


def choice(text: str, space: Space, lettered: bool = False, yes: str | None = None) -> str:
    """A label of `space`, UNPARSED or REFUSED. `lettered`: the question offered the labels as A, B, C ... in this order."""
    if (told := _from_object(text, space, lettered)) is not None:
        return told
    said = without_declining(text)
    if lettered and (found := _lettered(_bare(text), space)):
        return found
    for part in marked(text, said):
        if named := _either(part, space, yes) or _lettered_in(part, space, lettered):
            return named
    found = _claimed(said, space, yes)
    return no_answer(text) if found == UNPARSED else found


# Where the answer stands


def _bare(text: str) -> str:
    """Without thoughts and markup."""
    return _MARKS.sub("", _THOUGHT.sub(" ", text)).replace("’", "'").strip()


def plain(text: str) -> str:
    """In lower case, without thoughts, markup and quotes."""
    return re.sub(r"[ \t]+", " ", _bare(text).lower().replace('"', "").replace("“", "").replace("”", ""))


def without_declining(text: str) -> str:
    """In lower case, without markup, and without what declines: "I can't identify him, but he is happy" keeps the end."""
    return _DECLINES.sub(" ", plain(text))


def no_answer(text: str) -> str:
    """Of a text that gave no value: REFUSED where it declines, else UNPARSED."""
    told = plain(text)
    return REFUSED if _DECLINES.search(told) or _SORRY.search(told) else UNPARSED


def _from_object(text: str, space: Space, lettered: bool) -> str | None:
    """What an object says, if it has one of the known keys; None where it has not."""
    for value in objects(text):
        if isinstance(value, dict):
            told = {str(key).lower().replace(" ", "_"): inner for key, inner in value.items()}
            for key in _KEYS:
                if isinstance(told.get(key), str):
                    return choice(told[key], space, lettered)
            for key, label in _TRUTHS.items():
                if isinstance(told.get(key), bool) and {"live", "spoof"} <= space.keys():
                    return label if told[key] else "spoof" if label == "live" else "live"
    return None


def objects(text: str) -> Iterator[Any]:
    """Objects and lists in JSON inside a text, fenced or not, in its order."""
    at, failed, decoder, text = 0, 0, json.JSONDecoder(), _THOUGHT.sub(" ", text)
    while failed < _TRIES and (found := _OPENS.search(text, at)):
        try:
            value, at = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            at, failed = found.start() + 1, failed + 1
            continue
        yield value


def marked(text: str, said: str) -> list[str]:
    """What stands behind an answer's mark, the last mark first."""
    boxed = [plain(found[1] or found[2] or "") for found in _BOXED.finditer(_THOUGHT.sub(" ", text))]
    return [*reversed(boxed), *(found[1].strip() for found in reversed(list(_MARKED.finditer(said))))]


def _lettered(bare: str, space: Space) -> str | None:
    """ "B", "(B)", "B.", "B) spoof", "Option B": alone or at the start, and not against a label that follows."""
    found = re.match(r"(?:option |answer(?: is)?:? )?\(?([A-Z])(?:\)|[.:]|\s*$)(.*)", bare, re.DOTALL | re.IGNORECASE)
    return _by_letter(found[1], found[2], space) if found else None


def _lettered_in(part: str, space: Space, lettered: bool) -> str | None:
    found = re.match(r"(?:option )?\(?([a-z])(?:\)|[.:]|\s*$)(.*)", part) if lettered else None
    return _by_letter(found[1], found[2], space) if found else None


def _by_letter(letter: str, rest: str, space: Space) -> str | None:
    number = ord(letter.upper()) - ord("A")
    if number >= len(space):
        return None
    label, named = list(space)[number], _named(rest.lower().split("\n")[0], space)[0]
    return UNPARSED if named and named != {label} else label


def _claimed(said: str, space: Space, yes: str | None) -> str:
    """By the last conclusion, else by what is claimed, else by all that is named."""
    parts = [part for part in _SENTENCE.split(said) if part.strip() and not _SUPPOSED.search(part.strip())]
    for part in reversed(parts):
        if _CONCLUDES.search(part) and (found := _either(part, space, yes)):
            return found
    claiming = [part for part in parts if _CLAIMS.search(part) or len(part.split()) <= 4 or _says_yes(part, yes)]
    for chosen in (claiming, parts):
        labels = {found for part in chosen for found in _labels(part, space, yes)}
        if labels:
            return labels.pop() if len(labels) == 1 else UNPARSED
    return UNPARSED


# What is named, and what is denied


def _either(part: str, space: Space, yes: str | None) -> str | None:
    """The one label of a part, UNPARSED for two, None for none."""
    found = _labels(part, space, yes)
    return None if not found else found.pop() if len(found) == 1 else UNPARSED


def _labels(part: str, space: Space, yes: str | None) -> set[str]:
    named, denied = _named(part, space)
    binary = [label for label in space if label != "uncertain"]
    if not named and len(denied) == 1 and len(binary) == 2 and denied <= set(binary):
        named = set(binary) - denied
    if (answer := _says_yes(part, yes)) and yes in binary and len(binary) == 2:
        named = named | ({yes} if answer == "yes" else set(binary) - {yes})
    return named


def _says_yes(part: str, yes: str | None) -> str | None:
    found = re.match(r"\W*(yes|no)\b(?=\W*$|\s*[,.;:!]|\s*\n| (?:it|this|the|that|i|he|she|they)\b)", part) if yes else None
    return found[1] if found else None


def _named(part: str, space: Space) -> tuple[set[str], set[str]]:
    """(labels that are said, labels that are denied outright: "not a spoof", "no signs of an attack")"""
    words, labels = lexicon(tuple((label, tuple(forms)) for label, forms in space.items()))
    closed = [found.span() for found in DENIED.finditer(part)]
    said, denied = set(), set()
    for found in words.finditer(part):
        label, before = labels[spelling(found[1])], part[max(0, found.start() - _NEAR) : found.start()]
        if _NO_CLAIM_BEFORE.search(before):
            continue
        if not any(start < found.end() and found.start() < end for start, end in closed if start != found.start()):
            said.add(label)
        elif _OUTRIGHT.search(before) or (label == "spoof" and _NO_SIGN.search(before)):
            denied.add(label)
    return said, denied


@lru_cache(64)
def lexicon(space: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern of all words, longer ones first, and whose each is."""
    labels = {form: label for label, forms in reversed(space) for form in forms}
    forms = sorted(labels, key=len, reverse=True)
    spelled = "|".join(_FILLER.join(map(re.escape, form.split())) for form in forms)
    return re.compile(rf"(?<![\w-])({spelled})(?:s|'s)?(?!\w){_NO_CLAIM_AFTER}"), labels


def spelling(words: str) -> str:
    """As in the tables: "brows are drawn down" is "brows drawn down"."""
    return re.sub(_FILLER, " ", words)
