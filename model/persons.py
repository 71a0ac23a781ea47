"""How a question speaks of a person, as regular expressions: "he", "the left one", "face 2", "the man in the hat", "my boss".

The refusals need it, because a word asks about a person only where it is said of one. Every part is bounded, so that no crafted
question takes long to match.
"""

KIN = (
    r"(?:ex-|step|half-)?(?:brother|sister|twin|mother|father|mum|mom|dad|grand(?:ma|pa|mother|father)|son|daughter|cousin|uncle|aunt|husband|wife"
    r"|(?:boy|girl)?friend|partner|boss|neighbou?r|colleague|teacher|ex)"
)
ROLES = (
    r"(?:celebrit(?:y|ies)|act(?:or|ress)(?:es)?|singer|politician|(?:vice )?president|prime minister|senator|king|queen|pope"
    r"|footballer|athlete|player|influencer|musician|journalist|author|scientist|employee|member|(?:movie|film|pop|rock|tv) ?star)s?"
)
_OTHERS = (
    r"driver|witness(?:e)?|candidate|applicant|worker|customer|client|speaker|defendant|prisoner|officer|cop|soldier|doctor|nurse"
    r"|passenger|visitor|guest|victim|offender|interviewee|participant|volunteer|reporter|minister|holder|owner|ceo|manager|lawyer|judge"
    r"|seller|dealer|landlord|tenant|babysitter|nanny|priest|imam|rabbi|monk|nun|mayor|waiter|guard|pilot|dancer|youtuber|bride|groom"
    r"|(?:sales|police|business|congress|crafts|chair)(?:m[ae]n|wom[ae]n)"
)
PEOPLE = (
    r"(?:person|people|man|men|woman|women|guy|girl|boy|lady|ladies|gentlem[ae]n|individual|subject|patient|suspect|teen(?:ager)?"
    r"|student|stranger|couple|human|child(?:ren)?|kid|baby|babies|toddler|adult|bloke|chap|fell(?:ow|a)|dude|lad|chick|folk"
    rf"|{_OTHERS}|{ROLES}|{KIN})s?"
)
_THE = r"(?:this|that|the|these|those|my|our|each|either|every|both|one of (?:the|these))"
# "in the photo", "with the beard", "on the left"; the article keeps "with Japanese writing" apart from "is Japanese"
_WHERE = r"(?: (?:in|on|at|with|behind|beside|next to|to) (?:the|this|that|my|an?|his|her) \w+)?"
_NUMBERED = r"(?:face|person|subject|number|no\.?)(?: number)? (?:\d|one\b|two|three|four|[a-d]\b)"
_PLACED = (
    r"(?:the (?:\w+ )?(?:left|right|middle|first|second|third|other|last|top|bottom|\w+most)(?: (?:one|face|two)s?)?\b"
    r"(?! (?:eye|half|side|brow|lip|cheek|corner|lid|part|image|photo|picture|frame))|(?:the(?: \w+)?|that|this|which) ones?\b)"
)
WHO = (
    r"(?:he|she|they|him|her|them|i|me|some(?:one|body)|any(?:one|body)|every(?:one|body)|(?:his|her|their) (?:parents|family)"
    rf"|{_THE} (?:\w+ ){{0,2}}?{PEOPLE}{_WHERE}|{_NUMBERED}|{_PLACED}{_WHERE})\b"
)
ASKED = rf"(?:who|which(?: (?:one|face|{PEOPLE}))?(?: of (?:\w+ ){{0,2}}\w+)?)"  # "Who of them is lying?"
THING = r"(?:it|this|that|these|those)\b"  # a person only if a noun says so: "Is this a Muslim?"
THEIRS = rf"(?:his|her|their|my|(?:{_THE} (?:\w+ )?)?{PEOPLE}'s|(?:{_NUMBERED}|the \w+ one)'s)"
LOOKS = (
    r"(?:smile|expression|look|features?|facial features|appearance|nose|eyes?|hair|lips|skin|body language|apology|story|statement"
    r"|answers?|words|alibi|testimony)"
)
FACE = rf"(?:(?:this|that|the|my|{THEIRS}) face|{THEIRS} {LOOKS})"
AUX = (
    r"(?:is|are|am|was|were|does|do|did|has|have|had|can|could|might|may|would|will|should|if|whether|think|find|call|consider"
    r"|describe|classify|label|see|take|regard|say)(?:n'?t)?"
)
IS = (
    r"(?:'s|'re|'m| (?:is|are|am|was|were|looks?|seems?|appears?|sounds?|has|have|had|might|may|could|would|will|must|can)"
    r"(?: (?:be|have|look|seem))?)"
)
# What may stand between a person and the word; at most six.
FILLING = (
    r"(?: (?:\w+ly|\w+ (?:or|and)|\w+'s|an?(?: \w+)?|the|rather|more|most|less|least|so|too|look(?:s|ing)?|seem|appear|sound|act|like"
    r"|to|to (?:me|you|us)|be|being|been|feel(?:ing)?|very|quite|ever|bit|little|kind|sort|type|of|some(?:one|body)?|any(?:one)?|perhaps"
    r"|maybe|still|just|already|now|always|once|also|really|typical|potential|possible|total|secret|under|have|having|had|got|get|take"
    r"|suffer(?:s|ing)?|from|with(?! the)|for|chronic|part|half|born|not|become|as|come(?:s)?|across|strike|me|us|you|show|going|about|likely"
    r"|able|capable|want|one|who|that|is|shown|seen|pictured|here|there|those|pass|taken|mistaken|who'd|(?:north|south|east|west)(?:ern)?)){0,6}"
)
STOP = r"(?=\W*$|\s*[?.!,;:]| (?:or|to (?:you|me|us))\b)"
END = (
    rf"(?: {PEOPLE}\b)?(?=\W*$|\s*[?.!,;:]| (?:or|and|but|by|at all|to|do|because|right|too|then|here|now|today|as|for|than|af|about"
    r"|in (?:this|your|the (?:photo|picture|image|video)))\b)"
)
OBJECT = (  # "identify her", not "her action units"
    r"(?=\W*$|\s*[?.!,;:]| (?:in|on|from|by|for|here|before|and|or|if|when|please|shown|pictured|standing|sitting|next|behind|with|at|anywhere|somehow|now)\b)"
)
MEN = (
    r"(?:(?:an? |other )?(?:m[ea]n|wom[ea]n|girls?|boys?|guys?|dudes?|ladies|blokes?|males?|females?|chicks?)|(?:his|her|the) own sex"
    r"|the (?:same|opposite) sex)\b"
)
