"""What is asked: default questions, the task behind a question's words, the prompt, and the questions that are declined.

Declining goes by words that ask about the person (who, healthy, lying ...), never by words that merely occur near a face, so
that "Is this person real?" and "Is the mouth straight?" are answered.
"""

import re

DEFAULT_QUESTIONS = {
    "spoof": "Is this face real, and why?",
    "au": "Which facial muscles are active?",
    "emotion": "Which emotion does the expression resemble?",
    "describe": "Describe this face.",
}
# The first task with a word in the question is meant; a question with none of them is chat.
TASK_WORDS = {
    "spoof": r"real|fake|spoof\w*|live|liveness|presentation attack",
    "au": r"muscles?|muscular|action units?|aus?|au ?\d+",
    "emotion": r"emotion\w*|feel\w*|expression\w*",
    "describe": r"describe|description",
}

_WHO = (
    r"(?:he|she|they|him|her|them|someone|people|"
    r"(?:this|that|the|these|those) (?:person|man|woman|guy|girl|boy|lady|gentleman|individual|people|subject|child|kid))"
)
_IS = rf"(?:(?:is|are|was|does|do|can|could|might|if|whether) {_WHO}|{_WHO}(?: (?:is|are|was|looks?|seems?|appears?)|'s|'re))"
_TO_BE = r"(?: (?:really|probably|truly|likely|a|an|look|seem|appear|like|to|be|being|feeling|very))*"
_PEOPLE = r"(?:person|man|woman|guy|girl|boy|people|descent|origin|heritage)"
_ORIGINS = r"(?:asian|african|caucasian|hispanic|latin[oa]|arab|indian|european|chinese|black|white)"

# What no face tells, in the words of the refusal, and the questions that ask it.
DECLINED = {
    "who someone is": (
        rf"\bwho(?:'s| is| are| was)? (?:{_WHO}|this|that|it|these|those)(?: (?:person|man|woman|guy))?\b",
        rf"\bwhose (?:face|photo|picture|portrait)\b|\b(?:name|identity) of {_WHO}|\b(?:his|her|their|person's) (?:name|identity)\b",
        rf"\b(?:know|recogni[sz]e|identify) (?:{_WHO}|who)\b|\bidentify this face\b",
        r"\bsame (?:person|man|woman|individual)\b",
        r"\b(?-i:(?:[Ii]s|[Ll]ooks? like) (?:(?:this|that|he|she|it) )?(?:really )?(?!Action )[A-Z][a-z]+ [A-Z][a-z]+)\b",
    ),
    "someone's health": (
        r"\b(?:un)?health(?:y|ier)?\b|\bdiseases?\b|\billness(?:es)?\b|\bdiagnos\w+|\bmedical(?:ly)?\b|\bautis\w+|\badhd\b",
        rf"\b{_IS}{_TO_BE} (?:sick|ill|depressed|disabled|pregnant|drunk|intoxicated|on drugs|high|bipolar)\b",
        r"\b(?:suffer(?:s|ing)?|recover(?:s|ing)?) from\b|\bhave (?:a )?(?:depression|dementia|parkinson\S*|(?:a )?stroke)\b",
    ),
    "someone's religion": (
        r"\breligio\w+|\bbelieves? in god\b|\b(?:muslim|jewish|hindu|buddhist|sikh|catholic|atheist)\b",
        rf"\b{_IS}{_TO_BE} (?:christian|jew)\b",
    ),
    "someone's sexual orientation": (
        r"\bsexual\w*|\b(?:gay|lesbian|bisexual|homosexual|heterosexual|queer)\b",
        rf"\b{_IS}{_TO_BE} straight(?:\s*\?|\s*$| or\b)",
    ),
    "someone's race or origin": (
        r"\b(?:race|racial|ethnic\w*|nationalit\w+|ancestry)\b",
        rf"\b{_IS}{_TO_BE} {_ORIGINS}(?:\s*\?|\s*$| or\b)|\b{_ORIGINS} {_PEOPLE}\b",
        rf"\bwhere (?:is|are|does|do) {_WHO} (?:come )?from\b|\b(?:what|which) country\b",
    ),
    "whether someone is honest": (
        rf"\b{_IS}{_TO_BE} (?:lying(?! (?:down|on|in))|honest|dishonest|deceptive|deceitful|guilty|innocent|cheating|sincere)\b",
        r"\b(?:liars?|honesty|dishonesty|trustworth\w+|criminals?|lie detect\w+|telling (?:the truth|lies|a lie))\b",
        rf"\btrust {_WHO}|\b(?:signs? of|detect) (?:deception|deceit|lying|lies)\b|\b(?:deceiving|lying to) (?:me|us|you)\b",
    ),
    "how attractive someone is": (
        rf"\bhow (?:attractive|beautiful|handsome|pretty|ugly)\b|\b{_IS}{_TO_BE} (?:attractive|beautiful|handsome|ugly)\b",
    ),
}
_DECLINED = {topic: re.compile("|".join(patterns), re.IGNORECASE) for topic, patterns in DECLINED.items()}


def task_of(question: str) -> str:
    """The task that a question's words ask for; chat if none does."""
    asked = (task for task, words in TASK_WORDS.items() if re.search(rf"\b(?:{words})\b", question, re.IGNORECASE))
    return next(asked, "chat")


def prompt(question: str, face: int) -> list[dict]:
    """The messages of one question about one face of a picture; `face` counts from 0, its name in the prompt from 1."""
    text = {"type": "text", "text": f"Face {face + 1}: {question}"}
    return [{"role": "user", "content": [{"type": "image"}, text]}]


def refusal(question: str) -> str | None:
    """One polite sentence for a question about what no face tells, None for every other."""
    topic = next((topic for topic, pattern in _DECLINED.items() if pattern.search(question)), None)
    if topic is None:
        return None
    return f"I cannot tell {topic} from a face, but I can describe its muscle actions or check whether it is live."
