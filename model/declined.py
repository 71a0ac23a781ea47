"""What no face tells, topic by topic: the words by which a question asks for it.

A word asks about a person only where it is said of one ("Is she really blind?", "Is this a Muslim?", "How hot is he?"); what is
said of prints, smiles and things near a face is answered. A family of words or of phrases is an entry here, never a sentence.
"""

from .persons import AUX, END, FACE, KIN, MEN, OBJECT, PEOPLE, ROLES, STOP, THEIRS, THING, WHO
from .topic import Topic

_SHOULD = r"(?:should|would|could|can|shall|may|do|did|to) (?:i|we|you|they|one|the \w+|any(?:one|body)|people)"
_DRUGS = (
    r"(?:drugs|meds|cocaine|coke|heroin|crack|(?:crystal )?meth|weed|cannabis|marijuana|pot|opioids?|ecstasy|lsd|steroids|pills)"
)
_GUESS = r"(?:guess|predict|estimate|classify|determine|infer|detect|label|return|give|tell|assess|say|state|name|output|what(?:'s| is)?)"
_CRIME = r"(?:steal|kill|murder|rob|attack (?:me|us|some\w+|people)|hurt|harm|reoffend|offend|betray|shoot|mug|assault|stab|rape|hit me|scam|deceive|mislead|manipulate)"

# In the words of the refusal. The order decides where two would fit ("Is he Christian?").
DECLINED = {
    "who someone is": Topic(
        asks=rf"""
            who(?:'s| exactly)?(?: {AUX}| am)? (?:{WHO}|{THING}|we)(?! (?:(?:or|and) what|talking|speaking|chatting)) |
            who (?:{WHO}|{THING})(?: \w+){{0,3}} (?:is|are|was|be) |
            who(?:'s| is| are) (?:in|on) (?:the|this|my) |
            who(?:'s| is| are| was) (?:shown|pictured|depicted|portrayed|being shown) |
            who(?:'s| is| are)? (?:behind|under|underneath|beneath) (?:the|this|that) mask |
            who(?:'s| is) who | who (?:do|can|did) (?:you|we|i) (?:see|recogni[sz]e) |
            match (?:{FACE}|{WHO}) (?:with|to|against) (?:the|my|his|her|another|an?) |
            come across {WHO} | (?:check|compare|verify|match) (?:\w+ ){{1,4}}(?:against|with|to) (?:\w+ ){{1,3}}(?:licen[cs]e|passport|id|badge|database|gallery) |
            account (?:owner|holder) | (?:instagram|facebook|linkedin|twitter|tiktok) (?:handle|account|profile|page) |
            ^(?:and |or )?(?:(?:his|her|their|the|full|first|last) )*(?:sur)?names?(?=\W*$) | reminds? me of |
            who {AUX} (?:{THEIRS}|this|that|the) face | whose (?:face|photo|picture|portrait|mugshot|selfie) |
            (?:{THEIRS}|someone's) identity |
            (?:name|identify|recogni[sz]e|know|seen|met|remember|(?:can(?:'t|not)?|could(?:n't)?)(?: you| i)? place) (?:{WHO}|this face){OBJECT} |
            (?:name|identify|tag) (?:this|that|the|these|those|all(?: of)?(?: the)?|both|every|each)(?: \w+)? (?:{PEOPLE}\b(?!')|of them) |
            (?:name|tag|label) (?:everyone|everybody|all of them|them all|us) | (?:by|with) (?:their )?names? |
            (?:name|identit(?:y|ie))s? of (?:{WHO}|(?:this|that|the) {ROLES}|all|both|every\w*) |
            what(?:'s| is| was| might be) {THEIRS} (?:\w+ )?name |
            (?:a )?name (?:to|for|on) (?:{WHO}|(?:this|that|the) face) |
            (?:know|tell me|give me|guess|find|say|remember|recall|forg[eo]t|learn|get|need|want|have|out) {THEIRS} (?:\w+ )?name |
            what (?:{AUX} )?(?:people|you|friends|one) call {WHO} | what(?:'s| {AUX}) {WHO} called |
            (?:which|what) (?:\w+ )?(?:{ROLES}|{PEOPLE}|star) (?:{AUX} (?:{WHO}|{THING}|{FACE}|the \w+ face|shown|at|you see|i see|i seeing)|does this) |
            which of (?:my|our|your) \w+ |
            same (?:{PEOPLE}|one|identity|face)(?= (?:as|in|on|or|twice|again|(?:\w+ )?years?|later)\b|\W*$|[?.,]) |
            (?:{AUX} (?:{WHO}|{FACE})|faces|{AUX} (?:the|these|both|two|this) (?:\w+ )?(?:faces|selfies?|photos|pictures|people))(?: both)?
                (?:match(?:es)?|correspond|belongs? to (?!an?\b|live\b|real\b|any\b|dolls\b|two\b))(?! (?:the|its|his|her) (?!(?:\w+ )?(?:photo|picture|passport|id|one|same)\b)) |
            match(?:es)? (?:my|his|her|their|your|a|the) (?:\w+ )?(?:photo|picture|passport|id|selfie|licen[cs]e)(?: \w+)? |
            (?:belong to|from|of|show|be) one (?:and the same )?(?:person|identity|individual|human|man|woman) |
            one and the same (?:person|identity|individual|man|woman) |
            similarity (?:\w+ )?between (?:the|these)? ?(?:two )?{PEOPLE} |
            (?:run|do|perform|use|try|start|apply) (?:\w+ ){{0,2}}(?:face|facial|identity|reverse image) (?:recognition|verification|identification|search) |
            reverse (?:image|face|photo) search | verify (?:that )?(?:{WHO}|{THEIRS} identity) |
            (?:{WHO}|selfie) (?:really )?(?:the )?(?:rightful )?(?:holder|owner) of |
            the one (?:on|in) (?:the|this|his|her) (?:\w+ )?(?:id|card|passport|licen[cs]e)s? |
            (?:look|google|track) {WHO} (?:up|down) | (?:google|search for|search the \w+ for) {WHO} | de-?anonymi[sz]\w+ |
            re-?identif\w+ |
            where {WHO} (?:lives?|works?) | where {AUX} {WHO} (?:live|work) | social media |
            (?:find|trace|locate) {WHO} (?:for me|online|on the (?:web|internet)) |
            link {WHO} to | name,? (?:and )?(?:address|job|phone|age) | some(?:one|body) (?:i|we|you) (?:\w+ )?know |
            {AUX} {THING} (?:really |actually )?(?:me|us|him|her|them)(?: again)?(?=\W*$) | {AUX} {WHO} have a name |
            {AUX} {WHO} (?:ever )?(?:shown up|appeared|been seen) |
            {AUX} {THING} (?:\w+ ){{0,3}}?(?:my|his|her) {KIN}(?: when\b|{OBJECT}) |
            {AUX} (?:they|these|those|the|both)(?: two)?(?: {PEOPLE})? (?:\w+ )?(?:siblings|twins|relatives|related|family|cousins|relations) |
            (?:{THEIRS}|find) (?:\w+ )?(?:instagram|facebook|linkedin|twitter|tiktok|profile|address|phone number) |
            {AUX} {WHO} (?:be )?the (?:person|one|man|woman) (?:in|on|from) | information (?:on|about) {WHO} |
            looking at (?-i:[A-Z][a-z]+ [A-Z][a-z]+) |
            {THEIRS} user ?name | username |
            (?:face|person|{WHO}) (?:\w+ ){{0,3}}(?:in|part of) your training(?: data| set)? | (?:wanted|watch|no-fly) ?list |
            father and son | mother and (?:son|daughter) | father and daughter | brother and sister
        """,
        said=rf"""
            famous | well[- ]known | (?:blood )?related | in (?:your|the|a|our) database | relatives | siblings | twins |
            same parents | in the news | on (?:tv|television) | (?:my|your|his|her|our|their) (?:\w+ )?{KIN} | {ROLES} |
            public figure | somebody important | vip | household name |
            wanted | missing person | (?:an? )?lookalike
        """,
        ends=rf"{KIN} | called | named | somebody | someone i know",
    ),
    "someone's health": Topic(
        asks=rf"""
            diseases?(?! mask) | illness(?:es)? | health(?:wise)? | disabilit(?:y|ies) | learning difficult\w+ | liver |
            kidneys? | blood pressure | hormon\w+ | drugs | cocaine | heroin | marijuana | cannabis | diagnos\w+ |
            disorders? | syndromes? | palsy | paralysis | paraly[sz]ed | medications? | antidepressants? |
            symptoms? | cancer(?:ous)? | malignant | tumou?rs? | autis\w+ | asperger\S* | tourette\S* | adhd | ptsd | ocd |
            hiv | aids | bmi | dementia |
            (?:an|leuk)a?emi[ac] | alzheimer\S* | parkinson\S* | migraines? | diabet\w+ | jaundice | life expectancy |
            eczema | psoriasis | rosacea | acne |
            thyroid | epilep\w+ | lupus | melanoma | glaucoma | cataracts? | ptosis | covid(?:-19)? | flu | pneumonia |
            asthma | herpes | measles |
            \w{{3,}}(?:itis|plegia|paresis|phreni[ac]|megaly) | (?:scler|fibr|cirrh|thromb|tubercul)osis |
            medical(?:ly)? (?:condition|problem|issue|history|diagnosis)s? |
            heart (?:attack|condition|disease|problem|failure)s? |
            (?:skin|eye|lung|brain|nerve|genetic|neurological|psychological|psychiatric) (?:condition|problem)s? |
            (?:due to|because of|caused by) (?:\w+ )?(?:depression|alcohol|anxiety|(?:a )?stroke|fever|injury) |
            panic attacks? |
            (?:suffer(?:s|ing)?|recover(?:s|ing)?) from | (?-i:have|has|got) (?-i:[A-Z]{{3,5}}|[A-Z]\w+'s) | down'?s? syndrome |
            (?:wrong|the matter) with (?:{WHO}|{THEIRS} \w+) |
            (?:swelling|rash|mole|spots?|lump|scar|bruise) (?:\w+ ){{0,4}}(?:infect\w+|contagious|dangerous|harmless|serious) |
            how much {AUX} {WHO} weigh | how heavy {AUX} {WHO} |
            {THEIRS} (?:weight|blood pressure|heart rate|pulse|temperature|eyesight|hearing|pregnancy|addiction) |
            how long (?:will|does|has) {WHO} (?:\w+ )*(?:live|left) | how (?:far along|many (?:weeks|months)) {AUX} {WHO} |
            (?:plastic|cosmetic|aesthetic) surger(?:y|ies) | surgeon | botox | facelift | nose job | fillers | injections? |
            injected | implants? | under the knife | (?:work|lips|nose|eyelids) done | on (?:her|his|your|my) period |
            (?:fit|safe|able) to (?:drive|work|fly|operate) | {_DRUGS} (?:abuse|use|addict\w*|user) |
            mental(?:ly)? (?:\w+ )?(?:state|status|condition|illness|ill|stable|unstable|disabled)
        """,
        said=rf"""
            sick | unwell | (?:un)?healthy | depress(?:ed|ion|ive) | disab(?:led|ility) | handicapped | pregnan(?:t|cy) |
            drunk(?:ard)? | tipsy | inebriated |
            intoxicated | stoned | wasted | hammered | sloshed | blazed | plastered | tripping | die | senile |
            in a (?:\w+ )?(?:episode|crisis) | bipolar | blind | deaf | mute | anorex\w+ | bulimi\w+ | (?<!from )\w{{4,}}ia |
            obese |
            (?:over|under)weight | fat | malnourished | suicid\w+ | psycho(?:tic|sis) | seizures? | sleep[- ]deprived |
            demented | sober | unconscious |
            hung ?over | drinking | drinker | dying | infect\w+ | contagious | alcohol\w* | smoker | junkie |
            (?:drug )?(?:addict\w*|user) | trauma\w* |
            (?:on|using|taking|took|take|used|doing|do|smok(?:e|ed|ing)|snort\w*|tak(?:es|en)|to) (?:hard |some )?(?:{_DRUGS}|medication|antidepressants|the spectrum|something) | mentally \w+ | stroke | fever |
            a cold | a (?:temperature|disability|concussion|condition) | running a \w+ | anxiety | insan(?:e|ity) |
            neuro(?:tic|divergent|typical) | retarded |
            allerg(?:y|ic) | injur(?:y|ed|ies) | concuss\w+ | going through \w+ | burn(?:ed|t)? ?out | burn-?out |
            (?:nervous |mental )?breakdown | self-harm\w* |
            abused | beaten | the influence | paraly[sz]ed | in(?: a)? coma | terminally \w+ | in labou?r | vaccinated |
            menopaus\w+ | infertile | insomnia\w* |
            (?:an? )?(?:\w+ )?problem with (?:alcohol|drink\w*|drugs) | few too many | too much to drink |
            been (?:drinking|smoking|crying over) |
            (?:need|want|have|had|undergo|undergone|take|on|get|got)s? (?:\w+ )?(?:medication|medicine|treatment|therapy|surgery|a doctor) | needs? (?:glasses|lenses)
        """,
        ends=r"ill | high | smoke | drink | suffering | crazy | nuts | skinny | thin | dead | expecting | hurt",
    ),
    "someone's religion": Topic(
        asks=rf"""
            religio\w+ | islam | christianity | judaism | buddhism | hinduism | catholicism | atheism |
            believes? in (?:god|jesus|allah) | worships? | (?:which|what) (?:faith|belief|church|mosque|god)s? |
            {THEIRS} (?:faith|beliefs?) |
            what {AUX} {WHO} (?:believe|pray) | {AUX} {WHO} (?:ever |often )?(?:pray|fast) |
            (?:go(?:es)?|belongs?) to (?:a |the )?(?:church|mosque|synagogue|temple|sect|cult)
        """,
        said=r"""
            muslims? | moslems? | islam(?:ic|ist) | jew(?:s|ish)? | christians? | hindus? | buddhists? | sikhs? | catholics? |
            protestants? | jehovah\S* |
            mormons? | quakers? | amish | evangelical | baptist | lutheran | atheists? | agnostic | believer | spiritual |
            pious | (?:wo)?man of (?:faith|god) | devout | shi'?a | sunni |
            scientologist | zionist | (?:member|part) of a (?:\w+ )?(?:church|sect|cult|religion)
        """,
        ends=r"orthodox",
    ),
    "someone's politics or wealth": Topic(
        asks=rf"""
            politically | political (?:view|opinion|orientation|leaning|affiliation|party|preference|stance|belief|attitude|spectrum|compass|left|right|conservative|liberal)s? |
            {THEIRS} (?:politics|ideology|voting \w+|income|salary|wages?|savings|net worth|wealth|education|social (?:class|status|standing)|credit \w+) |
            {AUX} {WHO} (?:ever |likely )?vote | votes? for | voted for | (?:which|what) (?:\w+ )?party {AUX} |
            (?:left|right)[- ]wing(?:er)? or | far[- ](?:left|right) |
            (?:what|how much)(?: money)? {AUX} {WHO} (?:earn|own) | how much (?:money )?{AUX} {WHO} (?:make|have) | income |
            net worth | social class | socio-?economic\w* | (?:which|what) (?:social )?(?:class|school|college) {AUX} {WHO}
        """,
        said=r"""
            republicans? | democrats? | conservatives? | liberals? | socialists? | communists? | marxist | fascists? |
            (?:neo-?)?nazis? | anarchist | libertarian | nationalist |
            populist | trumpist | maga | tory | (?:left|right)[- ]wing(?:er)? | leftist | leftie | feminist | brexiteer |
            activist | voter | supporter | (?:rich|wealthy|poor|noble) (?:family|background|home|parents) | wealthy |
            affluent | well[- ]off |
            (?:pro|anti)-\w+ | (?:m|b|tr)illionaire | unemployed | jobless | (?:working|middle|upper|lower)[- ]class |
            aristocrat\w* | (?:old|new|lots of|a lot of|much|any) money | educated | illiterate |
            (?:been|gone|go|went) to (?:university|college|school) | (?:university|college) (?:degree|education) | homeless |
            earns? (?:\w+ )?(?:money|much|a lot) | able to afford
        """,
        ends=r"rich | poor | broke | posh",
    ),
    "someone's sexual orientation or gender identity": Topic(
        asks=rf"""
            gays? | gaydar | lesbians? | \w*sexual(?:s|ly|ity)? | queer | lgbt\w* |
            (?:sexual|romantic) (?:orientation|preference)s? | virgin | lovers | transvestites? |
            (?:bats?|plays?) for the (?:other|same) (?:team|side) | assigned at birth |
            (?:love|dating|attracted to|sleeping with|kissing) each other | same-sex | swings? both ways |
            gender identity | identif(?:y|ies) as | gender (?:\w+ ){{1,3}}identif\w+ |
            two (?:guys|men|women|girls|boys|ladies) (?:\w+ )?(?:an? )?(?:couple|dating|married|together) |
            preferred pronouns? | pronouns {AUX} {WHO} | {THEIRS} (?:pronouns|orientation|sex life) |
            (?:bi|same)[- ](?:curious|sex) | in the closet | biological sex | (?:sex|gender) (?:assigned )?at birth
        """,
        said=rf"""
            homo | hetero | transition(?:ed|ing) | cis(?:gender)? | trans(?:gender(?:ed)?|vestite)? |
            (?:non-?|gender ?)(?:binary|fluid|queer) | drag (?:queen|king) | intersex | dyke | fag(?:got)? |
            (?:into|attracted to|likes?|loves?|dates?|dating|prefers?|married to|fanc(?:y|ies)|marry|goe?s? out with|sleeps? with|kiss(?:es)?|turned on by) {MEN} | attracted to {WHO} |
            (?:born|biologically|assigned|originally|really) (?:an? )?(?:m[ae]n|wom[ae]n|male|female|boy|girl) |
            (?:male|female|a (?:man|woman|boy|girl)) at birth |
            (?:for|on) the (?:other|same) team | (?:woman|man|girl|boy) (?:before|once|originally) |
            (?:come|came) out(?: of the closet| yet|(?=\W*$)) | used to be a (?:man|woman|boy|girl) | the closet |
            male or female at birth
        """,
        ends=r"straight | bi | closeted | queen",
    ),
    "someone's race or origin": Topic(
        asks=rf"""
            ethnic\w* | nationalit\w+ | ancest\w+ | racial\w* |
            skin colou?r(?! (?:\w+ )?(?:natural|realistic|consistent|cast|off|looks?|chang\w+)) | citizenship | fitzpatrick |
            mother tongue | birthplace | same country | different countries | {THEIRS} complexion |
            native (?:language|tongue|country) | home ?(?:country|land) |
            (?:country|place|land|continent|region) of (?:birth|origin) |
            (?:what|which|{THEIRS}) (?:race|caste|tribe)\b(?! (?:car|track|is (?:being )?(?:run|on|shown))) |
            (?:race|origin|roots|ancestors) of (?:{WHO}|each|every|this|the) | races (?:are|is|do) |
            (?:different|mixed|same|other|two) races? |
            {_GUESS} (?:me )?(?:the |their |a )?race(?: label| class| category)?{OBJECT} | race (?:label|class|category) |
            {THEIRS} (?:background{STOP}|origins?|heritage|(?:family |cultural )?roots{STOP}|ancestors) |
            where(?: [\w']+){{0,5}}? {WHO}(?:'s|'re)?(?: \w+){{0,3}} (?:from{END}|born) |
            where (?:\w+ )?(?:r|are|is) (?:{WHO}) (?:\w+ )?from |
            where (?:\w+ ){{1,4}}{WHO} (?:comes?|is|was|are) (?:from|born) |
            (?:what|which) (?:country|continent|culture|nation|city|state|region) (?:{AUX} )?{WHO} |
            (?:what|which) (?:\w+ ){{1,4}}{AUX} {WHO} (?:come )?from |
            from (?:what|which) (?:\w+ ){{1,4}}(?:{AUX} )?{WHO} |
            from (?:what|which) (?:country|continent|culture|nation|region) |
            (?:african|asian|european|latin\w*|arab\w*|slavic|semitic|jewish|indian|caucasian|foreign|nordic|western) (?:roots|features|origins?|blood|descent|looks|looking) |
            (?:how (?:dark|black|white|brown|light) (?:{AUX} )?{THEIRS} skin |
            {AUX} {THEIRS} skin (?:\w+ly )?(?:black|white|brown|yellow)) | what colou?r {AUX} {WHO}
        """,
        said=r"""
            \w{3,}(?:ese|ian|ean) | \w+ican | \w+stani | asians? | hispanic | latin[oaex]s? | arab(?:ic)?s? | germans? |
            french | greeks? | romani? |
            dutch | thai | roma | english | british | irish | welsh | scottish | swiss | czech | spanish | swedish | danish |
            finnish | turk(?:ish|s)? | kurd(?:ish)? |
            iraqi | israeli | afghan | filipin[oa] | somali | pakistani | maori | inuit | aborigin\w+ | gyps(?:y|ies) |
            (?-i:[A-Z]\w+ish) | im?migrants? | migrants? |
            refugee | asylum seeker | foreign(?:er)?s? | indigenous | scandinavian | slav(?:ic|s)? | nordic |
            middle[- ]eastern(?:er)? | anglo-?saxon | semitic |
            oriental | negro | coloured | (?:mixed|bi|multi)[- ]?rac(?:e|ial) | (?:\w+ )?of colou?r |
            \w+ (?:descent|heritage|blood|ancestors) | citizen | born |
            (?:from|grew up in|live in) (?-i:[A-Z])\w+ |
            (?:from )?(?:abroad|overseas|(?:the )?(?:middle|far|near) east|(?:eastern|western|northern|southern) europe) |
            native (?:american|australian|english)\w* | local or | (?:light|dark|fair|brown|black|white)[- ]skinned
        """,
        ends=r"black | white | brown | mixed | native",
    ),
    "someone's character or honesty": Topic(
        asks=rf"""
            (?:trust|believe|hire|employ|recruit|promote|rely on|vote for|do business with|convict|arrest) (?:{WHO}){OBJECT} |
            {_SHOULD} (?:\w+ )?(?:go on a )?(?:trust|hire|employ|believe|lend|let|date|marry|promote|fire|arrest|convict|fear|avoid|buy) (?:\w+ ){{0,4}}?{WHO} |
            give {WHO} (?:an? )(?:\w+ )?(?:loan|job|raise|credit|visa|mortgage) | (?:afraid|scared|wary) of {WHO} |
            (?:signs? of|detect|spot|catch|find|see) (?:any |the |an? )?(?:decepti\w+|deceit|lying|lies?|dishonesty)(?! (?:down|on|flat)) | bluff(?:ing|s)? | bullshit\w* | deception | deceit | dishonesty | crocodile tears | true (?:feelings|self) | (?:buy|believe|trust) {THEIRS} (?:story|words?|claims?|version|excuses?) |
            (?:honesty|credibility|trustworthiness|intelligence|character|personality|sincerity|integrity) of {WHO} |
            fib(?:s|bing)? | porkies | perjur\w+ | by (?:competence|trust\w*|intelligence|honesty) |
            some(?:one|body) (?:[\w']+ ){{1,3}}trust |
            pretending to be (?:hurt|ill|sick|innocent|some\w+) |
            (?<!you )(?:deceiving|lying to) (?:me|us) | lie detect\w+ | polygraph | crimes? |
            {WHO}(?:'s)? (?:\w+ly |just |ever |has )?(?:lied|tells? lies) |
            (?:betray|give away|hid(?:e|ing)) (?:an? |the )?lies? |
            (?:tell|tells|told|telling|speak|speaks|speaking|say|saying|hid\w+) (?:\w+ ){{0,2}}?(?:the truth|lies|a lie|truth) |
            {THEIRS} (?:iq|intelligence|honesty|intentions?|character|personality|trustworthiness|motives?|integrity|temperament|morals?|competence|guilt|innocence|credibility|sincerity) |
            iq | big five | (?:what|which) (?:kind|sort|type) of (?:{PEOPLE}|character|personality) |
            personality (?:type|traits?|test|score|profile) |
            (?:bad|good|evil|true|real|criminal|hostile|sinister|malicious) (?:intentions?|intent|motives?) |
            criminal (?:record|tendenc\w+|past|history) |
            {THEIRS} (?:apology|story|statement|alibi|testimony|tears|remorse|words) (?:\w+ )?(?:true|honest|real|genuine|sincere|fake|faked|false) |
            {AUX} {THEIRS} (?:apology|story|statement|alibi|testimony|tears|remorse|words) (?:\w+ly )?(?:true|honest|real|genuine|sincere|fake|faked|false)
        """,
        said=rf"""
            (?:lying|lies?)(?! (?:down|on|in|flat|at|against|under|back|face)) | liars? | (?:dis|un)?honest |
            (?:un)?truthful | decepti\w+ | deceitful | deceiving |
            guilty | innocent | trusted | believed | cheat(?:ing|er|s|ed)? | unfaithful | criminals? | thie(?:f|ves) |
            terrorist | murderer | killer |
            con (?:man|artist) | crook(?:ed)? | fraud(?:ster)? | scam(?:mer|ming) | robber | burglar | shoplift\w+ |
            gangster | gang member | thug | dealer | felon | convict | spy |
            pa?edophile | rapist | predator | abuser | bully | stalker | pervert | creep |
            (?:hid(?:e|es|ing)|conceal(?:s|ing)?|keep(?:s|ing)?|withhold(?:s|ing)?|covering up) (?:something|anything|an?y? ?secrets?|the truth|things) | (?:done|doing|did) (?:something|anything) (?:wrong|bad|illegal) |
            (?:ripping|playing|using|fooling|tricking|conning|setting|messing with|kidding) (?:me|us|her|him|them) |
            loves? (?:me|him|her|us|you) | cruel | heartless | brutal | scheming | integrity | security risk |
            (?:un)?trustworthy | (?:un)?reliable | credible | loyal | faithful | dangerous | violent | evil | wicked |
            malicious | hostile by \w+ | (?:un)?intelligent | clever |
            stupid | dumb | idiot | genius | moron | (?:in)?competent | racist | sexist | psychopath\w* | sociopath\w* |
            narcissis\w+ | (?:in|ex)tr[oa]vert(?:ed)? |
            manipulative | arrogant | humble | lazy | hard-?working | selfish | generous | kind-hearted | ambitious |
            conscientious | agreeable | impulsive | shady | dodgy | sketchy | sly | sneaky | cunning | pay (?:\w+ )?back |
            (?:something|anything|nothing|much) to hide |
            aggressive (?:by nature|person|man|woman|type) | two-faced | phony | up to (?:something|no good) |
            making (?:it|this|that|things|everything) up | full of (?:it|shit|crap) |
            means? (?:it|what|that|every) | do it | straight with | putting on an act |
            good (?:employee|worker|candidate|parent|person|boss|fit|hire|leader|dad|mum|mom|mother|father|match|cop|guy) |
            nice (?:person|guy|man|woman|girl) | bad (?:person|guy|man|woman|boss|influence) |
            (?:natural |born |good )?leader(?:ship)? | {_CRIME} | kill(?:ed)? | stole(?:n)? | robbed | murder(?:ed)? |
            been (?:to|in) (?:prison|jail) |
            faking (?:his|her|an?) (?!smile|expression|laugh|emotion|joy|grin|surprise|look)\w+ |
            make a (?:good|bad|suitable|great|loyal) \w+
        """,
        ends=r"sincere | smart | nice | mean(?! to) | rude | insincere | violent | armed | kind | suspicious | bright",
    ),
    "how attractive someone is": Topic(
        asks=rf"""
            (?:rate|score|rank|judge) (?:\w+ ){{0,2}}(?:looks|beauty|appearance|attractiveness) | attractiveness |
            beauty (?:score|rating|rank|level)\w* | smash or pass | hot or not |
            (?:rate|score|rank) (?:me|him|her|them|us|{WHO}|{FACE})(?= out of| from (?:1|one|0|zero)| on (?:a|the) scale|\W*$| by looks) | swipe (?:right|left) |
            (?:give|giving) (?:me|him|her|{WHO}) (?:\w+ )?out of (?:10|ten) |
            who(?:'s| is| looks) (?:the )?(?:(?:pretti|hott|cut|ugli|sexi)e(?:r|st)|(?:better|best)[- ]looking|(?:more|most) (?:attractive|beautiful|handsome|sexy)) |
            {THEIRS} (?:beauty|looks)
        """,
        said=r"""
            (?:un)?attractive | beautiful | handsome | ugly | sexy | cute | adorable | gorgeous | stunning | hideous | hunk |
            babe | hottie | fuckable | good looker |
            (?:good|better|best|nice)[- ]looking | (?:pretti|hott|cut|ugli|sexi)e(?:r|st) | beauty queen
        """,
        ends=r"pretty | hot | fit",
    ),
}
