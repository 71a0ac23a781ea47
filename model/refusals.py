"""The questions that are declined, because no face tells the answer: who someone is, health, religion, origin, character ...

A word asks about a person only where it is said of one ("Is she really blind?", "Is this a Muslim?", "How hot is he?"); what is
said of prints, smiles and things near a face is answered. Names and nations are known by capitals and endings, because no list
holds them all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from .taxonomy import ACTION_UNITS, ATTACKS, CUES, EMOTIONS

_NEVER = r"(?!)"
_PEOPLE = (
    r"(?:person|people|man|men|woman|women|guy|girl|boy|lady|ladies|gentleman|individual|subject|patient|suspect|teenager|student"
    r"|stranger|couple|human|child|kid|baby)s?"
)
_WHERE = r"(?: (?:in|on) (?:the|this|that|my) (?:photo|picture|image|video|left|right|middle))?"
_WHO = (
    r"(?:he|she|they|him|her|someone|(?:his|her|their) (?:parents|family)"
    rf"|(?:this|that|the|these|those) (?:\w+ )?{_PEOPLE}{_WHERE})\b"
)
_THING = r"(?:it|this|that|these|those)\b"  # a person only if a noun says so: "Is this a Muslim?"
_THEIRS = rf"(?:his|her|their|(?:(?:this|that|the) (?:\w+ )?)?{_PEOPLE}'s)"
_FACE = rf"(?:(?:this|that|the|{_THEIRS}) face|{_THEIRS} (?:smile|expression|look))"
_AUX = r"(?:is|are|was|were|does|do|did|has|have|had|can|could|might|may|would|will|should|if|whether|think|find|call|consider)(?:n't)?"
_IS = r"(?:'s|'re| (?:is|are|was|were|looks?|seems?|appears?|sounds?|has|have|had|(?:could|might|may|must|will) (?:be|have)))"
# What may stand between a person and the word; at most six, so that no crafted question takes long to match.
_FILLING = (
    r"(?: (?:\w+ly|\w+ (?:or|and)|\w+'s|an?(?: \w+)?|the|rather|more|most|so|too|look(?:ing)?|seem|appear|sound|act|like|to|be|being"
    r"|been|feel(?:ing)?|very|quite|ever|bit|kind|sort|of|some(?:one|body)?|any(?:one)?|perhaps|maybe|have|having|had|got|get"
    r"|suffer(?:s|ing)?|from|with|chronic|part|half|born|not|become|as|come|strike|me|us|you)){0,6}"
)
_STOP = r"(?=\W*$|\s*[?.!,;:]| or\b)"
_END = (
    r"(?=\W*$|\s*[?.!,;:]| (?:or|and|but|by|at all|to|do|because|right|too|then|here|now|today|as|for"
    r"|in (?:this|your|the (?:photo|picture|image|video)))\b)"
)
_ENDS_OBJECT = r"(?=\W*$|\s*[?.!,;:]| (?:in|on|from|by|for|here|before|and|or)\b)"  # "identify her", not "her action units"
_MEN = r"(?:(?:an? |other )?(?:m[ea]n|wom[ea]n|girls?|boys?|guys?|males?|females?)|the (?:same|opposite) sex)"
_ROLES = (
    r"(?:celebrit(?:y|ies)|act(?:or|ress)|singer|politician|(?:vice )?president|prime minister|senator|king|queen|pope|footballer"
    r"|athlete|player|influencer|musician|journalist|(?:movie|film|pop|rock|tv) ?star)"
)
_KIN = r"(?:brother|sister|mother|father|mum|mom|dad|son|daughter|cousin|uncle|aunt|husband|wife|boss|neighbou?r|ex)"


@dataclass(frozen=True)
class Topic:
    """Words as regular expressions, a bar with blanks around it between them.

    `asks`: anywhere in a question; `said`: of a person; `ends`: of a person and with nothing after it.
    """

    asks: str
    said: str = _NEVER
    ends: str = _NEVER

    def pattern(self) -> re.Pattern[str]:
        asks, said, ends = map(_any, (self.asks, self.said, self.ends))
        trait = rf"(?:{said}\b(?![-'])|{ends}\b{_END})"
        forms = (
            rf"{asks}\b",
            rf"(?:{_AUX} {_WHO}|{_WHO}{_IS}){_FILLING} {trait}",
            rf"{_AUX} {_THING}(?: be)?(?: \w+ly)? (?:the face of )?(?:an?|the|my) (?:\w+ )?(?:{said}|{ends})"
            rf"(?: {_PEOPLE}\b|{_STOP})",
            rf"(?:{_AUX} {_FACE}|{_FACE}{_IS}){_FILLING} {said}{_STOP}",
            rf"how (?:{said}|{ends}) {_AUX} (?:{_WHO}|{_FACE})",
            rf"signs? of (?:an? )?{said}\b",
        )
        return re.compile(rf"\b(?:{'|'.join(forms)})", re.IGNORECASE)


def _any(words: str) -> str:
    """Either of the words of a Topic's text."""
    return "(?:" + " ".join(words.split()).replace(" | ", "|") + ")"


# What no face tells, in the words of the refusal. The order decides where two would fit ("Is he Christian?").
DECLINED = {
    "who someone is": Topic(
        asks=rf"""
            who(?:'s| exactly)?(?: {_AUX}| am)? (?:{_WHO}|{_THING}|i|we|you) |
            who(?:'s| is| are) (?:in|on) (?:the|this|my) | whose (?:face|photo|picture|portrait) |
            (?:{_THEIRS}|someone's) identity |
            (?:name|identify|recogni[sz]e|know|seen|met) (?:{_WHO}|this face){_ENDS_OBJECT} |
            (?:name|identify) (?:this|that|the) {_PEOPLE}\b(?!') |
            (?:name|identity) of (?:{_WHO}|(?:this|that|the) {_ROLES}) | what(?:'s| is| was) {_THEIRS} (?:\w+ )?name |
            name (?:to|for) (?:{_WHO}|(?:this|that|the) face) |
            (?:know|tell me|give me|guess|find|say) {_THEIRS} (?:\w+ )?name |
            (?:which|what) (?:\w+ )?(?:{_ROLES}|{_PEOPLE}) {_AUX} (?:{_WHO}|{_THING}) |
            same (?:{_PEOPLE}|one)(?= (?:as|in|on)\b|\W*$|[?.,]) |
            match(?:es)? (?:my|his|her|their|your|a) (?:\w+ )?(?:photo|picture|passport|id|selfie|licen[cs]e) |
            (?:{_THEIRS}|find) (?:\w+ )?(?:instagram|facebook|linkedin|twitter|tiktok|profile|address|phone number)
        """,
        said=rf"""
            famous | well[- ]known | related to | in (?:your|the|a|our) database | relatives | siblings | twins | called |
            named | (?:my|your|his|her) {_KIN} | {_ROLES}
        """,
        ends=rf"{_KIN}",
    ),
    "someone's health": Topic(
        asks=rf"""
            diseases?(?! mask) | illness(?:es)? | health | diagnos\w+ | disorders? | syndromes? | palsy | paralysis |
            symptoms? | cancer | tumou?rs? | autis\w+ | adhd | ptsd | ocd | hiv | bmi | dementia | (?:an|leuk)a?emi[ac] |
            alzheimer\S* | parkinson\S* | migraines? | diabet\w+ | jaundice | life expectancy |
            \w{{3,}}(?:itis|plegia|phreni[ac]) | medical(?:ly)? (?:condition|problem|issue|history)s? |
            (?:suffer(?:s|ing)?|recover(?:s|ing)?) from | (?-i:have|has|got) (?-i:[A-Z]{{3,5}}|[A-Z]\w+'s) |
            how long (?:will|does|has) {_WHO} (?:\w+ )*(?:live|left)
        """,
        said=r"""
            sick | unwell | (?:un)?healthy | depress(?:ed|ion) | disab(?:led|ility) | handicapped | pregnant | drunk |
            intoxicated | stoned | bipolar | blind | deaf | anorex\w+ | bulimi\w+ | (?<!from )\w{4,}ia | obese |
            (?:over|under)weight | suicid\w+ | psycho(?:tic|sis) | seizures? | sleep deprived | demented | sober |
            hungover | drinking | dying | infect\w+ | contagious | alcohol\w* | smoker | (?:drug )?(?:addict\w*|user) |
            on (?:drugs|medication|the spectrum) | mentally \w+ | stroke | fever | flu | covid | a cold | anxiety |
            allerg(?:y|ic) | injury | concussion | going through \w+ |
            (?:need|want|have|undergo|take)s? (?:\w+ )?(?:medication|medicine|treatment|therapy|surgery|a doctor) |
            needs? (?:glasses|lenses)
        """,
        ends=r"ill | high",
    ),
    "someone's religion": Topic(
        asks=rf"""
            religio\w+ | believes? in (?:god|jesus|allah) | worships? | (?:which|what) (?:faith|belief)s? |
            what {_AUX} {_WHO} (?:believe|pray) |
            (?:go(?:es)?|belongs?) to (?:a |the )?(?:church|mosque|synagogue|temple)
        """,
        said=r"""
            muslims? | islamic | jew(?:s|ish)? | christians? | hindus? | buddhists? | sikhs? | catholics? | protestant |
            mormon | quaker | evangelical | baptist | atheists? | agnostic | believer | spiritual |
            (?:member|part) of a (?:\w+ )?(?:church|sect|cult|religion)
        """,
        ends=r"orthodox",
    ),
    "someone's sexual orientation or gender identity": Topic(
        asks=r"""
            gay | lesbian | bisexual | (?:homo|hetero)sexual | queer | lgbt\w* | sexuality |
            sexual (?:orientation|preference)s? | gender identity
        """,
        said=rf"""
            homo | asexual | cis(?:gender)? | trans(?:gender|sexual)? | non-?binary |
            (?:into|attracted to|likes?|loves?|dates?|prefers?|fanc(?:y|ies)|marry) {_MEN}
        """,
        ends=r"straight | bi | closeted",
    ),
    "someone's race or origin": Topic(
        asks=rf"""
            ethnic\w* | nationalit\w+ | ancest\w+ | racial\w* | skin colou?r | citizenship |
            (?:what|which|{_THEIRS}) (?:race|caste)\b(?! car) | (?:race|origin) of {_WHO} |
            {_THEIRS} (?:background{_STOP}|origins?|heritage) | where {_AUX} {_WHO} (?:\w+ )?(?:from|born) |
            where (?:\w+ ){{1,4}}{_WHO} (?:comes?|is|was|are) (?:from|born) |
            (?:what|which) (?:country|continent|culture) {_AUX} {_WHO} |
            (?:what|which) (?:\w+ ){{1,4}}{_AUX} {_WHO} (?:come )?from
        """,
        said=r"""
            \w{3,}(?:ese|ian|ean) | \w+ican | \w+stani | asian | hispanic | latin[oax] | arab | german | french | greek |
            dutch | thai | roma | english | british | irish | (?-i:[A-Z]\w+ish) | im?migrant | refugee | foreign(?:er)? |
            indigenous | scandinavian | slavic | nordic | middle eastern | (?:mixed|bi)[- ]?rac(?:e|ial) |
            (?:\w+ )?of colou?r | \w+ descent | citizen | born | (?:from|grew up in|live in) (?-i:[A-Z])\w+
        """,
        ends=r"black | white | brown | mixed | native",
    ),
    "someone's character or honesty": Topic(
        asks=rf"""
            (?:trust|believe|hire|rely on) {_WHO} | (?:signs? of|detect) (?:deception|deceit|lying|lies) |
            (?:deceiving|lying to) (?:me|us|you) | crimes? | telling (?:\w+ )?(?:the truth|lies|a lie) |
            {_THEIRS} (?:iq|intelligence|honesty|intentions?|character|personality)
        """,
        said=r"""
            (?:lying|lies?)(?! (?:down|on|in|flat|at|against|under|back|face)) | liars? | (?:dis)?honest | truthful |
            decepti\w+ | deceitful | deceiving | guilty | innocent | trusted | believed | cheat(?:ing|er|s)? |
            criminals? | thief | terrorist | murderer | killer | bluffing | con (?:man|artist) | crook | fraud | scammer |
            (?:hiding|concealing) (?:something|anything|the truth) | (?:un)?trustworthy | reliable | credible | loyal |
            faithful | dangerous | violent | evil | intelligent | clever | stupid | racist | psychopath | mean it |
            do it | good (?:employee|worker|candidate|parent|person|boss) | kill(?:ed)? | stole(?:n)? | steal | robbed |
            murder(?:ed)? | faking (?:his|her|an?) (?!smile|expression)\w+ | make a (?:good|bad|suitable) \w+
        """,
        ends=r"sincere | smart",
    ),
    "how attractive someone is": Topic(
        asks=r"""
            (?:rate|score|rank|judge) (?:\w+ ){0,2}(?:looks|beauty|appearance|attractiveness) | attractiveness |
            who(?:'s| is| looks) (?:(?:pretti|hott|cut|ugli|sexi)er|better looking|more (?:attractive|beautiful|handsome))
        """,
        said=r"""
            (?:un)?attractive | beautiful | handsome | ugly | sexy | cute | gorgeous |
            (?:good|better|best|nice)[- ]looking | (?:pretti|hott|cut|ugli|sexi)er
        """,
        ends=r"pretty | hot",
    ),
}

# Capitalised words that are no name, though they follow an "is this": "Is it Inner Brow Raiser?", "Is this Presentation Attack?"
_OUR_TEXTS = (
    "real live fake spoof genuine attack photo screen face smile action unit happy sad angry afraid",
    "duchenne orbicularis zygomaticus corrugator frontalis levator depressor mentalis",
    *(f"{unit.name} {unit.words}" for unit in ACTION_UNITS),
    *(*EMOTIONS, *ATTACKS, *CUES),
)
_OUR_WORDS = {word for text in _OUR_TEXTS for word in text.lower().split()}
_NAME = re.compile(
    rf"\b(?:(?P<person>(?i:{_AUX}) (?-i:{_WHO})|(?-i:{_WHO}{_IS}))(?: (?:really|actually|be|called|named|an?))*"
    rf"|(?:(?i:{_AUX}) {_THING}|(?:[Ii]t|[Tt]his|[Tt]hat)(?:'s| is)|[Ll]ooks? like)(?: (?:really|actually|be))*)"
    r" (?P<name>(?:(?:Dr|Mrs?|Ms|Prof)\.? )?(?:[A-Z][a-z]+\b ?)+)(?P<end>(?:in|or|to)\b|[?.!,]|$)?"
)


def refusal(question: str) -> str | None:
    """One polite sentence for a question about what no face tells, None for every other."""
    plain = re.sub(r"\b(who|what|he|she|that)s\b", r"\1's", " ".join(question.replace("’", "'").split()), flags=re.IGNORECASE)
    topic = next((topic for topic, pattern in _patterns().items() if pattern.search(plain)), None)
    if topic is None and _asks_for_a_name(plain):
        topic = "who someone is"
    if topic is None:
        return None
    return f"I cannot tell {topic} from a face, but I can describe its muscle actions or check whether it is live."


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """Compiled at the first question, because that takes 0.2 s, which an import must not."""
    return {topic: words.pattern() for topic, words in DECLINED.items()}


def _asks_for_a_name(question: str) -> bool:
    """Holds a capitalised word against a person ("Is she Emma Watson?"), or nothing but such against a picture ("Is this Obama?")."""
    for found in _NAME.finditer(question):
        words = found["name"].lower().split()
        if not _OUR_WORDS.intersection(words) and (found["person"] or found["end"] is not None):
            return True
    return False
