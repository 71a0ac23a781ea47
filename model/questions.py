"""What is asked: default questions, the task behind a question's words, and the prompt.

The first word that names a task decides, because what is asked for precedes what it is asked about: "Which muscles are active in
this real photo?" asks for muscles. Words are taken where they are said of the face, not of where someone lives. Of a clip, words of
movement and time ask what moved and when, unless a verdict was asked for before.
"""

import re

from .agreement import EVERYDAY_ACTIONS
from .wording import EMOTION_FORMS

DEFAULT_QUESTIONS = {
    "spoof": "Is this face real, and why?",
    "au": "Which facial muscles are active?",
    "emotion": "Which emotion does the expression resemble?",
    "micro": "What moves in this face, and when?",
    "describe": "Describe this face.",
}
PICTURE_TASK, CLIP_TASK = "describe", "micro"  # where nothing is asked
_FEELINGS = "|".join(form for forms in EMOTION_FORMS.values() for form in forms)
# "Is the smiling man real?" does not ask whether he smiles, "Is it real joy?" not whether the face is real.
_OF_SOMEONE = r"(?! (?:person|man|woman|guy|girl|boy|child|face)s?\b)"
_OF_A_FACE = r"(?! (?:life|smile|laugh|joy|emotion|expression|happiness)\b)"
_PARTS = r"(?:brows?|eyebrows?|lids?|eyelids?|eyes?|cheeks?|nose|lips?|lip corners?|chin|jaw|mouth)"
_POSES = r"(?:raised|lowered|drawn|pulled|wrinkled|puckered|pressed|parted|stretched|tucked|tight(?:ened)?|turned|funnell?ed|sucked|dropped|closed|open)"
_SOFTWARE = (
    r"deep ?fakes?|face.?swap\w*|swapped|morph(?:ed|s|ing)?|photo ?shop\w*|doctored|manipulated|retouched|re-?enact\w*|synthetic|computer.generated"
    r"|these pixels|editing program fake|software (?:alter|generat)ed|faked by software|(?:ai|a\.i\.|network|computer|machine|software)[ -](?:made|generated|created)|(?:generated|altered|edited|made|created) (?:by|with) (?:an? )?"
    r"(?:ai|a\.i\.|network|computer|machine|software)|(?:is|was) (?:it|this|this (?:face|photo|picture|image|person)|the (?:face|photo|picture|image)) (?:generated|altered|edited)"
)
# A question with none of these is chat.
TASK_WORDS = {
    "micro": r"m(?:i|a)cro.?(?:expression|movement)s?",
    "spoof": rf"(?:real|fake|genuine|authentic){_OF_A_FACE}|faked|spoof\w*|{_SOFTWARE}|bona ?fide|attacks?|liveness"
    r"|live (?:face|person|human|man|woman|or)|(?:or|taken|filmed|recorded) live|(?:is|are|was|were)(?: [\w']+){1,5} live"
    r"|(?:this|that|it|there)(?: (?!wearing)\w+){0,3} (?:screen|print|printed|printout|replay|mask)",
    "au": rf"muscles?|muscular|action units?|facial actions?|aus?|au ?\d+|{_PARTS}(?: \w+)? {_POSES}"
    rf"|(?:{'|'.join(EVERYDAY_ACTIONS)})\w*{_OF_SOMEONE}",
    "emotion": rf"emotion\w*|moods?|feel\w*|expression\w*|(?:{_FEELINGS}){_OF_SOMEONE}",
    "describe": r"describe|description|what (?:does|do) [\w' ]*(?:show|see)",
}
MOVEMENT_WORDS = (
    r"m(?:i|a)cro.?(?:expression|movement)s?|mov(?:e|es|ed|ing|ements?)|flash\w*|flicker\w*|twitch\w*|fleeting|brief(?:ly)?|onset|apex|offset"
    r"|timestamps?|intervals?|when|how long|how (?:quick|brief|fast)\w*|quicker|still|happen\w*|moments?|which frames?|how many (?:\w+ )?(?:expression|movement|time)s|in time|over time"
    r"|expressed|(?:which|objective) class|coarse|classify the expression|analy[sz]e|expressions (?:in|of) (?:this|the) (?:clip|video|recording)"
)
_MOVEMENT = re.compile(rf"\b(?:{MOVEMENT_WORDS})\b", re.IGNORECASE)
_ABOUT_SOFTWARE = re.compile(rf"\b(?:{_SOFTWARE})\b", re.IGNORECASE)
_TASKS = {task: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for task, words in TASK_WORDS.items()}


def task_of(question: str, is_clip: bool = False) -> str:
    """The task that the first telling word of a question asks for; chat if there is none."""
    found = {task: match.end() for task, words in _TASKS.items() if (match := words.search(question))}
    moved = _MOVEMENT.search(question) if is_clip else None
    if moved and moved.end() <= found.get("spoof", moved.end()):
        return "micro"
    return min(found, key=found.__getitem__, default="chat")


def asks_about_software(question: str) -> bool:
    """Whether the pixels were generated or altered, which a verdict about attacks does not answer."""
    return bool(_ABOUT_SOFTWARE.search(question))


def prompt(question: str, face: int, medium: str = "image") -> list[dict]:
    """The messages of one question about one face of a picture, or of a clip ("video"); `face` counts from 0, its name in the prompt from 1."""
    text = {"type": "text", "text": f"Face {face + 1}: {question}"}
    return [{"role": "user", "content": [{"type": medium}, text]}]
