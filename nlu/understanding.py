"""From a customer's message to intent, answer and entities. Pure: no Rasa, no files; `nlu/component.py` wraps it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from nlu import linear
from nlu.advice import REFERENCE, AdviceTurn, AdviceWords, Said, in_advice
from nlu.chain import ANSWER, CHAIN_INTENTS, LINK, ChainHeard, ChainWords, in_chain
from nlu.context import (
    DUAL,
    FOLLOW_UPS,
    MISSING_RESPONSE,
    NO_SHOP,
    QUESTIONS_RESPONSE,
    SHOP,
    STATES,
    Conversation,
    Resolution,
    ShopFollowUps,
    answer_about,
    resolve,
)
from nlu.dutch import Lemmatiser, WordTest
from nlu.features import Analyser, Analysis, features
from nlu.gate import OUT_OF_SCOPE, SUBSTANCES, Gate, Subject
from nlu.lexicon import Found, Lexicon, unique_names
from nlu.nicknames import Nicknames
from nlu.normalise import words as split_words
from nlu.rewriting import MOST_WORDS, joined, with_subject_replaced
from nlu.spelling import Speller
from nlu.turns import COURTESIES, TurnWords, clauses, question_sentences

FALLBACK = "nlu_fallback"
NO_CONVERSATION = Conversation()
NAMED = "genoemd"  # role of entities that a message merely mentions
_MINIMUM_SPELLING = 2  # a word must occur this often in the examples to be a target of correction
_KNOWN_SENTENCE = 0.98
_STORY = 30  # words from which a message's questions are also heard by themselves
_MOST_QUESTIONS = 3
_ASKED_TOO = 0.5  # confidence from which a second question is answered or offered
_CLEAR = 0.6  # confidence that a message with the conversation's subject added must reach
_VAGUE = frozenset({"help", "cancel", "follow_up_aspect", "follow_up_topic"})  # without a subject, after the shop
_OWN_DATA = frozenset({"data_export", "data_delete"})
_OPINIONS = COURTESIES | {"help", "follow_up_more"}
_BEHIND = 0.5  # confidence that a question behind a courtesy must reach
_FEW_WORDS, _SHORT, _NOT_LONG = 6, 8, 12
_A_QUESTION = 5  # words that begin like a question and are no opinion then
_FEW_UNKNOWN, _UNKNOWN_LENGTH = 10, 5
_NO_QUESTION = COURTESIES | {FALLBACK, OUT_OF_SCOPE, "other_language", "insult", "help", "bot_challenge", ANSWER}
SURE_BY_ITSELF = 0.9
GENERAL = frozenset({"wat_is", "functie", "supplement", "lichaam", "tryptofaan", "5htp"})  # aspects
NEEDED = {"topic": 0.5, "aspect": 0.7, "both": 0.5, "pending": 0.4}
_OFTEN = 0.15  # share of an id's questions that name an onderwerp, from which the answer counts as about it too


@dataclass(frozen=True)
class Thresholds:
    """Confidence below which an intent is not acted upon; chosen on the development sets (docs/understanding.md)."""

    faq: float = 0.33
    shop: float = 0.48  # questions about the shop share their words with everyday talk
    other: float = 0.30

    def of(self, label: str) -> float:
        """The threshold of a label."""
        if not label.startswith(FAQ_INTENT):
            return self.other
        return self.shop if label.startswith(FAQ_INTENT + "winkel_") else self.faq


@dataclass(frozen=True)
class Entity:
    """A concept found in the message or added by understanding; `start` and `end` are positions in the text."""

    entity: str
    value: str
    start: int = 0
    end: int = 0
    role: Optional[str] = None


@dataclass(frozen=True)
class Understood:
    """What a message means.

    Attributes:
        intent: `faq`, another intent of the domain, or `nlu_fallback`.
        confidence: that of the intent; for `faq` that of the answer itself.
        ranking: labels (intents and `faq/<id>`) with probability, best first.
        faq_ranking: ids with probability, best first.
        utter_action: the response of the FAQ answer or follow-up; None for intents that need none.
        faq_id: the answer's id, None without one.
        also: the id of a second question in the same message, None without one.
        asked: the question with what it left out written in, '' when it asks nothing.
        entities: see `Entity`.
        probabilities: all labels with their probability, before the gate.
    """

    intent: str
    confidence: float
    ranking: List[Tuple[str, float]]
    faq_ranking: List[Tuple[str, float]]
    utter_action: Optional[str]
    faq_id: Optional[str]
    entities: List[Entity]
    probabilities: Dict[str, float] = field(default_factory=dict)
    also: Optional[str] = None
    asked: str = ""


@dataclass(frozen=True)
class Full:
    """A message with what it left out written in, see `nlu.rewriting`."""

    kind: str
    words: Tuple[str, ...]
    topic: str


class Understanding:
    """The trained pipeline. `spelling` and `ranker` are what training learnt, the lexicon is data."""

    def __init__(
        self,
        lexicon: Lexicon,
        spelling: Mapping[str, int],
        ranker: linear.LinearRanker,
        sentences: Mapping[str, str],
        also_about: Mapping[str, FrozenSet[str]],
        mentions: Mapping[str, FrozenSet[str]],
        lemmatise: Lemmatiser,
        thresholds: Thresholds = Thresholds(),
        is_dutch: WordTest = lambda word: True,
    ) -> None:
        """Builds the parts.

        Args:
            lexicon: the domain's words.
            spelling: words of the training data and how often they occur.
            ranker: the trained ranker.
            sentences: normalised training sentences and their label.
            also_about: onderwerpen that an id's questions often name besides those of the id itself.
            mentions: other substances that an id's questions mention.
            lemmatise: gives the lemmas of normalised words.
            thresholds: see `Thresholds`.
            is_dutch: tells a word that exists from a misspelt one.
        """
        self.lexicon = lexicon
        self.spelling = spelling
        self.ranker = ranker
        self.sentences = sentences
        self._seen = frozenset(word for sentence in sentences for word in sentence.split())
        self.also_about = also_about
        self.mentions = mentions
        self.thresholds = thresholds
        self._is_dutch = is_dutch
        self._chain_words = ChainWords(lexicon.data)
        self._advice_words = AdviceWords(lexicon.data)
        self._turns = TurnWords(lexicon.data)
        self._aspect_order = {name: i for i, name in enumerate(lexicon.aspect.names)}
        self._gate = Gate(ranker.labels, also_about, mentions)
        self._shop = ShopFollowUps(self._turns.shop_follow_ups, self._turns.shop_aspects)
        self._analyser = make_analyser(lexicon, spelling, lemmatise)
        self.faq_ids = [label[len(FAQ_INTENT) :] for label in ranker.labels if label.startswith(FAQ_INTENT)]

    def understand(self, text: str, conversation: Conversation = NO_CONVERSATION) -> Understood:
        """Understands one message in its conversation; never raises, whatever the text."""
        understood = self._by_itself(text, conversation)
        if not conversation.advies and not REFERENCE.search(text):
            return understood
        words = tuple(self._analyser.analyse(text).words)
        said = Said(text, words, understood.intent, understood.confidence)
        turn = in_advice(conversation.advies, said, self._advice_words)
        return understood if turn is None else _for_the_desk(understood, turn)

    def _by_itself(self, text: str, conversation: Conversation) -> Understood:
        """What a message means without the desk: it may be the answer to a question of the advice form."""
        understood = self._understand(text, conversation)
        if understood.intent != "faq" and understood.intent not in (*FOLLOW_UPS, FALLBACK):
            return understood
        questions = self._turns.questions(text)
        if 2 <= len(questions) <= _MOST_QUESTIONS:
            return self._with_second_question(understood, questions, conversation)
        return understood

    def _with_second_question(
        self, whole: Understood, questions: Sequence[str], conversation: Conversation
    ) -> Understood:
        """Adds the second question of a message; what the whole was taken for stays, unless that was nothing."""
        answered: Dict[str, Understood] = {}
        for question in questions:
            part = self._understand(question, conversation)
            if part.faq_id and part.utter_action == FAQ_RESPONSE + part.faq_id and part.confidence >= _ASKED_TOO:
                answered.setdefault(part.faq_id, part)
                onderwerp, aspect = onderwerp_and_aspect(part.faq_id)
                if onderwerp != "winkel":
                    conversation = replace(conversation, onderwerp=onderwerp, aspect=aspect)
                conversation = replace(conversation, last_id=part.faq_id, keten={}, choices=())
        ids = list(answered)
        if len(ids) < 2:
            return whole
        if whole.intent == FALLBACK:
            return replace(answered[ids[0]], probabilities=whole.probabilities, also=ids[1])
        others = [faq_id for faq_id in ids if faq_id != whole.faq_id]
        return replace(whole, also=others[0]) if len(others) < len(ids) else whole

    def _understand(self, text: str, conversation: Conversation, is_rest: bool = False) -> Understood:
        """Understands a message as one question; `is_rest` when a courtesy was taken off before."""
        analysis = self._analyser.analyse(text)
        if not analysis.words:
            return Understood(FALLBACK, 1.0, [], [], None, None, [])
        topics = self.lexicon.onderwerp.find(analysis.words)
        asked = self._asked_in_story(text, analysis)
        subject = self._subject(analysis, asked, topics, conversation)
        raw = self._probabilities(analysis, asked)
        probabilities = self._gate.apply(raw, subject)
        ranking = sorted(probabilities.items(), key=itemgetter(1), reverse=True)
        of_faq = ((label[len(FAQ_INTENT) :], p) for label, p in ranking if label.startswith(FAQ_INTENT))
        faq_ranking = list(islice(of_faq, 10))
        label, confidence = ranking[0]
        entities = self._mentioned(text, analysis, topics)
        chosen = None if conversation.keten else self._turns.chosen(analysis.words, conversation.choices)
        if chosen:
            entities += _recognised(chosen)
            return Understood("faq", 1.0, ranking[:10], faq_ranking, FAQ_RESPONSE + chosen, chosen, entities, raw)
        heard = self._chain_words.hear(analysis.words, _names(entities, "schakel"), _names(entities, "blokkade"))
        sure = confidence >= self.thresholds.of(label)
        # The reply before it makes a short message certain: "volgende", "soms", "en magnesium?".
        turn = in_chain(label if sure else FALLBACK, conversation.keten, heard)
        found: Optional[Tuple[str, Resolution]] = None
        full: Optional[Full] = None
        if turn:
            label, heard, confidence, sure = turn.intent, turn.heard, 1.0, True
        else:
            behind = None if is_rest else self._behind_courtesy(label, sure, text, analysis, conversation)
            if behind:
                return behind
            if not (subject.names_other or subject.names_shop):
                taken_for = label if sure and not self._is_out_of_place(label, analysis, conversation) else FALLBACK
                full = self._in_full(analysis, topics, conversation)
                found = self._read_in_full(taken_for, confidence, analysis, topics, conversation, full)
                found = found or self._from_conversation(taken_for, confidence, analysis, topics, conversation)
        remembered = self._to_remember(analysis, full)
        if not sure and not found:
            named = [name for name in unique_names(topics) if name in SUBSTANCES]
            if len(named) == 1 and not (subject.names_other or subject.names_shop):
                entities.append(Entity("onderwerp", named[0]))  # "hoe merk ik een tekort" may come next
            return Understood(
                FALLBACK, 1.0 - confidence, ranking[:10], faq_ranking, None, None, entities, raw, asked=remembered
            )
        intent = "faq" if label.startswith(FAQ_INTENT) else label
        if found:
            intent, confidence = found[0], 1.0
        elif label in ("affirm", "deny"):
            intent = _in_conversation(label, conversation)
        if intent in CHAIN_INTENTS:
            entities += _heard_in_chain(heard, intent)
            entities += [
                Entity("blokkade", name) for name in heard.blockers if name not in _names(entities, "blokkade")
            ]
            if intent == "chain_resume" and heard.links:
                intent = LINK  # "verder met de keten: waar is ijzer voor?"
            if intent == LINK and not heard.links and conversation.onderwerp in self.lexicon.schakel.names:
                entities += self._link_spoken_of(analysis, topics, conversation)
        utter_action, faq_id = None, None
        if intent.startswith(FAQ_INTENT):  # yes to the offer of a question
            intent, faq_id = "faq", intent[len(FAQ_INTENT) :]
            utter_action = FAQ_RESPONSE + faq_id
        elif intent == "faq":
            faq_id = faq_ranking[0][0]
            utter_action = FAQ_RESPONSE + faq_id
        elif intent in FOLLOW_UPS:
            resolution = found[1] if found else self._follow_up(intent, conversation, analysis, topics)
            utter_action, faq_id = resolution.utter_action, resolution.faq_id
            entities += _asked_about(resolution)
        if faq_id:
            entities += _recognised(faq_id)
            entities += _sold(faq_id, topics)
        if intent not in ("faq", "follow_up_topic", "follow_up_aspect") or (faq_id or "").startswith(SHOP):
            remembered = ""
        return Understood(
            intent, confidence, ranking[:10], faq_ranking, utter_action, faq_id, entities, raw, asked=remembered
        )

    def _in_full(self, analysis: Analysis, topics: Sequence[Found], conversation: Conversation) -> Optional["Full"]:
        """What a message asks with the question before it in mind; None when it leaves nothing out."""
        words = analysis.words
        named = unique_names(topics)
        places = frozenset(i for item in topics for i in range(item.start, item.end))
        before = self._analyser.analyse(conversation.asked) if conversation.asked else None
        if named and "winkel" not in named and before is not None:
            if conversation.is_pending and len(words) <= _FEW_WORDS and not self.lexicon.onderwerp.find(before.words):
                return Full("pending", joined(before.words, words), named[-1])
            if self._turns.only_names(words, places):
                subjects = self.lexicon.onderwerp.find(before.words)
                replaced = with_subject_replaced(before.words, subjects, named[-1], STATES, conversation.onderwerp)
                if replaced:
                    return Full("topic", replaced, named[-1])
        topic = conversation.onderwerp
        if topic is None or topic == "winkel" or topic in named or len(words) > _NOT_LONG:
            return None
        if not named:
            return Full("aspect", (*words, topic.lower()), topic)
        if self._turns.stands_for(words) or self._turns.relates(words):
            return Full("both", (*words, topic.lower()), topic)
        return None

    def _read_in_full(
        self,
        label: str,
        confidence: float,
        analysis: Analysis,
        topics: Sequence[Found],
        conversation: Conversation,
        full: Optional["Full"],
    ) -> Optional[Tuple[str, Resolution]]:
        if full is None:
            return None
        is_shop = label.startswith(FAQ_INTENT + SHOP)
        by_itself = label.startswith(FAQ_INTENT) and confidence >= SURE_BY_ITSELF and not is_shop
        if by_itself and full.kind in ("aspect", "pending"):
            return None
        is_open = label == FALLBACK or label in FOLLOW_UPS or label in _VAGUE or label.startswith(FAQ_INTENT)
        if not is_open or label == "follow_up_more":
            return None
        aspects = self._aspects(analysis.words)
        of_shop = [name for name in aspects if name in self._turns.shop_aspects]
        of_body = [name for name in aspects if name not in self._turns.shop_aspects]
        if full.kind == "aspect" and of_shop and not answer_about(full.topic, of_body, self.faq_ids):
            own = answer_about(full.topic, of_shop, self.faq_ids)
            return ("follow_up_aspect", _answered(own)) if own else None
        read = self._read(full.words)
        if read is None:
            return None
        faq_id, p = read
        about = {*onderwerp_and_aspect(faq_id), *self.also_about.get(faq_id, ())}
        if full.topic not in about and not (
            about & {"darmen", "microbioom"} and full.topic in ("darmen", "microbioom")
        ):
            return None
        if full.kind == "both" and not about & set(unique_names(topics)):
            return None
        if p < self._needed(full, faq_id, analysis, conversation):
            return None
        return ("follow_up_topic" if full.kind == "topic" else "follow_up_aspect"), _answered(faq_id)

    def _needed(self, full: "Full", faq_id: str, analysis: Analysis, conversation: Conversation) -> float:
        """The probability from which a reading in full counts; more than 1 when it can't be what was meant."""
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        is_general = aspect in GENERAL or onderwerp not in (full.topic, *DUAL)
        if full.kind == "topic" and is_general:
            return NEEDED["topic"] if conversation.aspect in GENERAL else 2.0
        if full.kind == "aspect":
            aspects = self._aspects(analysis.words)
            if aspect in GENERAL and aspect not in aspects:
                return 2.0
            if aspects and not answer_about(full.topic, aspects, self.faq_ids):
                return SURE_BY_ITSELF
        return NEEDED[full.kind]

    def _read(self, words: Sequence[str]) -> Optional[Tuple[str, float]]:
        """The id that words by themselves are about, with its probability behind the topic gate."""
        analysis = self._analyser.analyse(" ".join(words))
        topics = self.lexicon.onderwerp.find(analysis.words)
        subject = self._subject(analysis, None, topics, NO_CONVERSATION)
        raw = self._probabilities(analysis, None)
        probabilities = self._gate.apply(raw, subject)
        label = max(probabilities, key=lambda name: probabilities[name])
        if not label.startswith(FAQ_INTENT):
            return None
        return label[len(FAQ_INTENT) :], min(raw[label], probabilities[label])

    @staticmethod
    def _to_remember(analysis: Analysis, full: Optional["Full"]) -> str:
        words = full.words if full else analysis.words
        return " ".join(words) if len(words) <= MOST_WORDS else ""

    def _link_spoken_of(self, analysis: Analysis, topics: Sequence[Found], conversation: Conversation) -> List[Entity]:
        """The link that "dat" stands for in "wat doet dat in de keten", when that was spoken about."""
        places = frozenset(i for item in topics for i in range(item.start, item.end))
        if conversation.keten or conversation.onderwerp is None or not self._turns.points_back(analysis.words, places):
            return []
        return [Entity("schakel", conversation.onderwerp)]

    def _asked_in_story(self, text: str, analysis: Analysis) -> Optional[Analysis]:
        """The questions of a long message by themselves, None when it is short or asks nothing."""
        if len(analysis.words) < _STORY:
            return None
        asked = self._analyser.analyse(" ".join(question_sentences(text)))
        return asked if 3 <= len(asked.words) < len(analysis.words) else None

    def _subject(
        self, analysis: Analysis, asked: Optional[Analysis], topics: Sequence[Found], conversation: Conversation
    ) -> Subject:
        words = asked.words if asked else analysis.words  # a story may mention anything on its way
        others = [*self.lexicon.other.find(words), *self.lexicon.organ.find(words)]
        first_topic = min((item.start for item in self.lexicon.onderwerp.find(words)), default=0)
        is_subject = len(words) <= _NOT_LONG and any(
            item.start < first_topic and (item.start == 0 or words[item.start - 1] in self._turns.asking_about)
            for item in others
        )
        return Subject(
            named=frozenset(unique_names(topics)),
            conversation=conversation.onderwerp,
            names_other=bool(others),
            names_shop=bool(self.lexicon.shop.find(words)),
            other_first=frozenset(unique_names(others)) if is_subject else frozenset(),
            has_unknown=self._has_unknown(analysis),
            links=frozenset(unique_names(self.lexicon.schakel.find(words))) - SUBSTANCES,
        )

    def _has_unknown(self, analysis: Analysis) -> bool:
        """Whether a short message holds a longer Dutch word that is in none of the examples."""
        return len(analysis.words) <= _FEW_UNKNOWN and any(
            len(word) >= _UNKNOWN_LENGTH
            and word not in self._turns.filling
            and word not in self._seen  # the speller only knows what it saw more often
            and not self._analyser.knows(word)
            and self._is_dutch(word)
            for word in analysis.words
        )

    def _probabilities(self, analysis: Analysis, asked: Optional[Analysis]) -> Dict[str, float]:
        values = self.ranker.probabilities(features(analysis, self.lexicon))
        if asked:
            if not self.lexicon.onderwerp.find(asked.words):
                named = unique_names(self.lexicon.onderwerp.find(analysis.words))[:1]
                asked = _with_words(asked, named)
            values = (values + self.ranker.probabilities(features(asked, self.lexicon))) / 2
        probabilities: Dict[str, float] = dict(zip(self.ranker.labels, values.tolist()))
        known = self.sentences.get(analysis.form)
        if known is not None:
            probabilities = {label: p * (1.0 - _KNOWN_SENTENCE) for label, p in probabilities.items()}
            probabilities[known] += _KNOWN_SENTENCE
        return probabilities

    def _behind_courtesy(
        self, label: str, sure: bool, text: str, analysis: Analysis, conversation: Conversation
    ) -> Optional[Understood]:
        """The question behind "super, dank je, en magnesium?", None when there is none."""
        if sure and label not in COURTESIES:
            return None
        words = analysis.words
        rests = []
        start = self._turns.without_courtesy(words)
        if 0 < start <= len(words) - 2:
            rests.append(" ".join(words[start:]))
        pieces = clauses(text)
        if sure and len(pieces) > 1 and "?" in text:
            rests += [" ".join(pieces[1:]), " ".join(pieces[:-1])]
        for rest in rests:
            found = self._understand(rest, conversation, is_rest=True)
            asks = "?" in text or rest.split()[0] in self._turns.asking or rest.startswith("en ")
            if found.intent in _NO_QUESTION or found.confidence < _BEHIND:
                continue
            if asks or found.intent in FOLLOW_UPS:
                return found
        return None

    def _is_out_of_place(self, label: str, analysis: Analysis, conversation: Conversation) -> bool:
        """Whether a message is not what it looks like: an answer to no question, an opinion that asks something."""
        if label == ANSWER:
            return True
        words = analysis.words
        if label not in _OPINIONS or conversation.last_id is None:
            return False
        start = self._turns.without_courtesy(words)
        if not self._aspects(words) and (label not in COURTESIES or len(words) - start < _A_QUESTION):
            return False
        return start < len(words) and words[start] in self._turns.asking

    def _from_conversation(
        self,
        label: str,
        confidence: float,
        analysis: Analysis,
        topics: Sequence[Found],
        conversation: Conversation,
    ) -> Optional[Tuple[str, Resolution]]:
        """What a message means because of what was spoken about, when by itself it means nothing or another onderwerp.

        Returns:
            A follow-up intent with what it resolves to; None when the message stands by itself.
        """
        words = analysis.words
        named = unique_names(topics)
        places = frozenset(i for item in topics for i in range(item.start, item.end))
        own = [name for name in named if name not in DUAL]
        is_plain = (
            label == FALLBACK or label == "follow_up_topic" or (label.startswith(FAQ_INTENT) and confidence < 0.9)
        )
        if is_plain and len(named) == 1 and named[0] != "winkel" and self._turns.announces(words, places):
            return "follow_up_topic", Resolution(QUESTIONS_RESPONSE + named[0], onderwerp=named[0])
        if conversation.onderwerp is None and conversation.last_id is None:
            return None
        if label.startswith(FAQ_INTENT + SHOP) and len(words) <= _SHORT and set(own) <= {"winkel"}:
            of_shop = self._in_the_shop(words, topics, conversation)
            if of_shop:
                return "follow_up_aspect", _answered(of_shop)
        if is_plain and own and conversation.aspect and self._turns.corrects(words, places):
            return "follow_up_topic", self._follow_up("follow_up_topic", conversation, analysis, topics)
        if label == FALLBACK:
            if len(words) > _NOT_LONG:
                return None
            intent = "follow_up_topic" if own else "follow_up_aspect"
            if own and (len(words) > _FEW_WORDS or own[0] in ("winkel", conversation.onderwerp)):
                return None
            if not own and not self._aspects(words):
                best = self._best_with(analysis, conversation)
                return ("follow_up_aspect", _answered(best)) if best else None
            found = self._follow_up(intent, conversation, analysis, topics)
            return (intent, found) if found.faq_id else None
        if label in _VAGUE and not named and (conversation.last_id or "").startswith(SHOP):
            best = self._best_with(analysis, conversation)
            return ("follow_up_aspect", _answered(best)) if best else None
        topic = conversation.onderwerp
        if not label.startswith(FAQ_INTENT) or topic in (None, "winkel") or own:
            return None
        assert topic is not None
        faq_id = label[len(FAQ_INTENT) :]
        onderwerp, aspect = onderwerp_and_aspect(faq_id)
        about = {onderwerp, aspect, *self.also_about.get(faq_id, ())}
        if onderwerp == "winkel" or topic in about or len(words) > _NOT_LONG:
            return None
        points_back = self._turns.points_back(words, places)
        if named and points_back:  # "wat doet dat met slaap" after oxytocine is no question about slaap
            both = answer_about(topic, named, self.faq_ids)
            return ("follow_up_aspect", _answered(both)) if both else None
        if named or not (points_back or onderwerp in SUBSTANCES):
            return None
        same = answer_about(topic, [aspect], self.faq_ids)
        if same:
            return "follow_up_aspect", _answered(same)
        aspects = self._aspects(words)
        if points_back and aspects and len(words) <= _SHORT:
            return "follow_up_aspect", Resolution(MISSING_RESPONSE + topic, onderwerp=topic, aspect=aspects[0])
        return None

    def _in_the_shop(self, words: Sequence[str], topics: Sequence[Found], conversation: Conversation) -> Optional[str]:
        """What "wie betaalt dat" means after an answer about the shop."""
        nouns = frozenset(item.start for item in topics if item.name != "winkel")
        if not (conversation.last_id or "").startswith(SHOP) or not self._turns.points_back(words, nouns):
            return None
        return self._shop.after(conversation.last_id, self._aspects(words))

    def _best_with(self, analysis: Analysis, conversation: Conversation) -> Optional[str]:
        """The id that a message is clearly about as soon as the subject of the conversation is added to its words."""
        in_shop = (conversation.last_id or "").startswith(SHOP)
        subject = self._turns.shop_subject if in_shop else conversation.onderwerp
        if conversation.last_intent in _OWN_DATA:
            in_shop, subject = True, self._turns.data_subject
        if not subject:
            return None
        values = self.ranker.probabilities(features(_with_words(analysis, [subject]), self.lexicon))
        best = int(values.argmax())
        label = self.ranker.labels[best]
        if not label.startswith(FAQ_INTENT) or float(values[best]) < _CLEAR:
            return None
        faq_id = label[len(FAQ_INTENT) :]
        fits = faq_id.startswith(SHOP) if in_shop else subject in onderwerp_and_aspect(faq_id)
        return faq_id if fits else None

    def _aspects(self, words: Sequence[str]) -> List[str]:
        """Aspects that words name, the more specific ones first: of more words, then in the order of the dictionary.

        The dictionary's last one is the most general and comes last: "wat doet dat met je hart" is about the heart.
        """
        span: Dict[str, int] = {}
        for item in self.lexicon.aspect.find(words):
            span[item.name] = max(span.get(item.name, 0), item.end - item.start)
        last = len(self._aspect_order) - 1
        order = self._aspect_order
        return sorted(span, key=lambda name: (order[name] == last, -span[name], order[name]))

    def _follow_up(
        self, intent: str, conversation: Conversation, analysis: Analysis, topics: Sequence[Found]
    ) -> Resolution:
        def best_about(topic: str) -> Optional[str]:
            about = {i: 0.0 for i in self.faq_ids if onderwerp_and_aspect(i)[0] == topic}
            if not about:
                return None
            values = self.ranker.probabilities(features(_with_words(analysis, [topic]), self.lexicon))
            for label, p in zip(self.ranker.labels, values):
                if label[len(FAQ_INTENT) :] in about and label.startswith(FAQ_INTENT):
                    about[label[len(FAQ_INTENT) :]] = float(p)
            best = max(about, key=lambda i: about[i])
            return best if about[best] > 0.5 * sum(about.values()) else None

        aspects = self._aspects(analysis.words)
        of_body = conversation.onderwerp and any(word in self._turns.of_body for word in analysis.words)
        shop = NO_SHOP if of_body else self._shop
        sides = self._sides(conversation) if intent == "follow_up_topic" else []
        return resolve(intent, conversation, unique_names(topics), aspects, self.faq_ids, best_about, shop, sides)

    def _sides(self, conversation: Conversation) -> List[str]:
        """Onderwerpen and aspects that the question before named."""
        words = self._analyser.analyse(conversation.asked).words if conversation.asked else ()
        named = unique_names(self.lexicon.onderwerp.find(words))
        return [name for name in named if name in DUAL] + self._aspects(words)

    def _mentioned(self, text: str, analysis: Analysis, topics: Sequence[Found]) -> List[Entity]:
        groups = (
            ("onderwerp", topics),
            ("schakel", self.lexicon.schakel.find(analysis.words)),
            ("blokkade", self.lexicon.blokkade.find(analysis.words)),
            ("aspect", self.lexicon.aspect.find(analysis.words)),
        )
        entities: List[Entity] = []
        lowered = text.lower()
        for name, found in groups:
            seen: set[str] = set()
            for item in found:
                if item.name in seen:
                    continue
                seen.add(item.name)
                typed = analysis.typed[item.start]
                start = max(lowered.find(typed), 0)
                end = start + len(typed) if lowered.startswith(typed, start) else start
                # A link or blocker is the message's own subject; onderwerp and aspect are those of the answer.
                role = NAMED if name in ("onderwerp", "aspect") else None
                entities.append(Entity(name, item.name, start, end, role))
        return entities


def _with_words(analysis: Analysis, words: Sequence[str]) -> Analysis:
    """The analysis as if these words had been said too."""
    more = tuple(word.lower() for word in words)
    return Analysis((*analysis.words, *more), (*analysis.typed, *more), (*analysis.lemmas, *more))


def _answered(faq_id: str) -> Resolution:
    return Resolution(FAQ_RESPONSE + faq_id, faq_id)


def _asked_about(resolution: Resolution) -> List[Entity]:
    """What was asked about without an answer; the next message may go on from there."""
    asked = (("onderwerp", resolution.onderwerp), ("aspect", resolution.aspect))
    return [Entity(name, value) for name, value in asked if value]


def _names(entities: Sequence[Entity], name: str) -> List[str]:
    return [item.value for item in entities if item.entity == name]


def _heard_in_chain(heard: ChainHeard, intent: str) -> List[Entity]:
    """What the chain's actions must know of a message."""
    found = [Entity("ketenvraag", name) for name in sorted(heard.asked)]
    found += [Entity("stap", heard.step)] if heard.step else []
    return found + ([Entity("antwoord", heard.answer)] if heard.answer and intent == ANSWER else [])


def _for_the_desk(understood: Understood, turn: AdviceTurn) -> Understood:
    """Nothing else that the message holds counts: an answer changes no topic of the conversation."""
    named = (("advies_woord", turn.word), ("advies_deel", turn.part))
    entities = [Entity(name, value) for name, value in named if value]
    return replace(understood, intent=turn.intent, confidence=1.0, utter_action=None, faq_id=None, entities=entities)


def _in_conversation(label: str, conversation: Conversation) -> str:
    """A yes or no to an offer of the assistant means what was offered."""
    if label == "affirm" and conversation.bij_ja:
        return conversation.bij_ja
    if label == "deny" and conversation.bij_nee:
        return conversation.bij_nee
    return label


def _sold(faq_id: str, topics: Sequence[Found]) -> List[Entity]:
    """The substance that a question to the shop names: "verkopen jullie magnesium?" may go on with "helpt dat ook?"."""
    named = [name for name in unique_names(topics) if name in SUBSTANCES]
    return [Entity("onderwerp", named[0])] if faq_id.startswith(SHOP) and len(named) == 1 else []


def _recognised(faq_id: str) -> List[Entity]:
    """Onderwerp and aspect of an answer. Those of the shop don't replace what a health conversation is about."""
    onderwerp, aspect = onderwerp_and_aspect(faq_id)
    role = "winkel" if onderwerp == "winkel" else None
    return [Entity("onderwerp", onderwerp, role=role), Entity("aspect", aspect, role=role)]


def make_analyser(lexicon: Lexicon, spelling: Mapping[str, int], lemmatise: Lemmatiser) -> Analyser:
    """The analyser with a speller that knows the training data and the domain's words."""
    nicknames = Nicknames(lexicon.data)
    as_they_are = lexicon.names_of_others() | nicknames.compounds
    return Analyser(lexicon, Speller(spelling, lexicon.important, as_they_are), lemmatise, nicknames)


def train(
    examples: Sequence[Tuple[str, str]],
    lexicon: Lexicon,
    lemmatise: Lemmatiser,
    is_dutch: WordTest = lambda word: True,
) -> Understanding:
    """Learns from examples.

    Args:
        examples: (sentence, label) pairs; a label is an intent or `faq/<id>`.
        lexicon: the domain's words.
        lemmatise: gives the lemmas of normalised words.
        is_dutch: tells a word that exists from a misspelt one.
    """
    labels = [label for _, label in examples]
    typed = [split_words(text, lexicon.abbreviations) for text, _ in examples]
    counts: Counter[str] = Counter()
    for words in typed:
        counts.update(words)
    spelling = {word: count for word, count in sorted(counts.items()) if count >= _MINIMUM_SPELLING}
    analyser = make_analyser(lexicon, spelling, lemmatise)
    documents = [features(analyser.analyse_words(words), lexicon) for words in typed]
    ranker = linear.train(documents, labels)
    sentences = {" ".join(words): label for words, label in zip(typed, labels)}
    also_about, mentions = _also_about(typed, labels, lexicon), _mentions(typed, labels, lexicon)
    return Understanding(lexicon, spelling, ranker, sentences, also_about, mentions, lemmatise, is_dutch=is_dutch)


def _also_about(typed: Sequence[Sequence[str]], labels: Sequence[str], lexicon: Lexicon) -> Dict[str, FrozenSet[str]]:
    """Per id the onderwerpen that `_OFTEN` of its questions name."""
    named: Dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()
    for words, label in zip(typed, labels):
        if label.startswith(FAQ_INTENT):
            totals[label[len(FAQ_INTENT) :]] += 1
            found = lexicon.onderwerp.find(words)
            named.setdefault(label[len(FAQ_INTENT) :], Counter()).update(unique_names(found))
    return {
        faq_id: frozenset(name for name, count in sorted(counts.items()) if count >= _OFTEN * totals[faq_id])
        for faq_id, counts in sorted(named.items())
    }


def _mentions(typed: Sequence[Sequence[str]], labels: Sequence[str], lexicon: Lexicon) -> Dict[str, FrozenSet[str]]:
    """Per id the other substances that its questions mention."""
    found: Dict[str, set[str]] = {}
    for words, label in zip(typed, labels):
        if label.startswith(FAQ_INTENT):
            names = unique_names([*lexicon.other.find(words), *lexicon.schakel.find(words)])
            if names:
                found.setdefault(label[len(FAQ_INTENT) :], set()).update(names)
    return {faq_id: frozenset(names) for faq_id, names in sorted(found.items())}


def to_state(understanding: Understanding) -> Dict[str, Any]:
    """What must be kept of a trained pipeline besides the ranker's arrays, as plain data for JSON."""
    ranker = understanding.ranker
    return {
        "labels": ranker.labels,
        "features": list(ranker.vocabulary.index),
        "sharpness": ranker.sharpness,
        "spelling": dict(understanding.spelling),
        "sentences": dict(understanding.sentences),
        "also_about": {faq_id: sorted(names) for faq_id, names in understanding.also_about.items()},
        "mentions": {faq_id: sorted(names) for faq_id, names in understanding.mentions.items()},
        "lexicon": dict(understanding.lexicon.data),
    }
