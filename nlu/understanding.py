"""From a customer's message to intent, answer and entities. Pure: no Rasa, no files; `nlu/component.py` wraps it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from nlu import linear
from nlu.advice import REFERENCE, AdviceTurn, AdviceWords, Said, in_advice
from nlu.again import Again
from nlu.chain import ANSWER, CHAIN_INTENTS, GOTO, LINK, NEXT, PREVIOUS, ChainHeard, ChainWords, in_chain
from nlu.context import FOLLOW_UPS, SHOP, Conversation, Resolution
from nlu.dutch import Lemmatiser, WordTest
from nlu.features import Analyser, Analysis, features
from nlu.follow_ups import FALLBACK, FollowUps
from nlu.gate import OUT_OF_SCOPE, SUBSTANCES, Gate, Row, Subject
from nlu.levels import PREFIX
from nlu.lexicon import Found, Lexicon, unique_names
from nlu.nicknames import Nicknames
from nlu.normalise import words as split_words
from nlu.readings import MORE, Heard, Reading, Readings
from nlu.rewriting import MOST_WORDS, Words
from nlu.spelling import Speller
from nlu.turns import COURTESIES, TurnWords, clauses, question_sentences

NO_CONVERSATION = Conversation()
Ranking = List[Tuple[str, float]]
NAMED = "genoemd"  # role of entities that a message merely mentions
_MINIMUM_SPELLING = 2  # a word must occur this often in the examples to be a target of correction
_KNOWN_SENTENCE = 0.98
_NOT_LONG = 12
_STORY = 30  # words from which a message's questions are also heard by themselves
_MOST_QUESTIONS = 3
_ASKED_TOO = 0.5  # confidence from which a second question is answered or offered
_OPINIONS = COURTESIES | {"help", "follow_up_more"}
_WALKING, _FEW_STEPS = frozenset({NEXT, PREVIOUS, GOTO}), 6  # steps through the chain, and the words they take
_SERIOUS, _SURE_ALL_THE_SAME = 0.2, 0.65  # probability of a matter of safety from which only this one counts
_LEAST_LEFT = 0.1  # probability that the ranker leaves to all but matters of safety, below which it knows too little
_BEHIND = 0.5  # confidence that a question behind a courtesy must reach
_A_QUESTION = 5  # words that begin like a question and are no opinion then
_FEW_UNKNOWN, _UNKNOWN_LENGTH = 10, 5
_RANKED = 5  # labels and ids that are kept of a message: a conversation in memory holds them for every message
_NO_QUESTION = COURTESIES | {FALLBACK, OUT_OF_SCOPE, "other_language", "insult", "help", "bot_challenge", ANSWER}
_TEXTS, _QUESTIONS = 400, 200  # how many messages, and questions written out, are kept that came more than once
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
        safety: the intents of safety with their probability, before the gate.
    """

    intent: str
    confidence: float
    ranking: Ranking
    faq_ranking: Ranking
    utter_action: Optional[str]
    faq_id: Optional[str]
    entities: List[Entity]
    safety: Mapping[str, float] = field(default_factory=dict)
    also: Optional[str] = None
    asked: str = ""


@dataclass(frozen=True)
class Sense:
    """What the ranker makes of words in any conversation; nothing in it may be changed.

    Attributes:
        words: as they were given, normalised.
        raw: probability per label if they are no matter of safety, shape [labels].
        subject: what they are about, without the conversation.
        in_view: {onderwerp of a conversation: the reading behind the topic gate}, filled when asked for.
    """

    words: Words
    raw: Row
    subject: Subject
    in_view: Dict[Optional[str], Reading] = field(default_factory=dict)


@dataclass(frozen=True)
class Utterance:
    """What a message is in any conversation; nothing in it may be changed.

    Attributes:
        text: as it was typed.
        analysis: its words.
        topics: the onderwerpen found in them.
        sense: what the ranker makes of them.
        safety: the intents of safety with their probability.
        entities: what it mentions.
        in_keten: what it says that matters to the chain.
        ranked: {onderwerp of a conversation: likeliest labels and ids with their probability}, filled when asked for.
    """

    text: str
    analysis: Analysis
    topics: Sequence[Found]
    sense: Sense
    safety: Mapping[str, float]
    entities: Sequence[Entity]
    in_keten: ChainHeard
    ranked: Dict[Optional[str], Tuple[Ranking, Ranking]] = field(default_factory=dict)

    @property
    def is_serious(self) -> bool:
        """Whether the ranker thinks of a matter of safety."""
        return sum(self.safety.values()) >= _SERIOUS


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
        self._gate = Gate(ranker.labels, also_about, mentions)
        self._analyser = make_analyser(lexicon, spelling, lemmatise)
        self.readings = Readings(lexicon, self._turns, ranker.labels, also_about, self)
        self.follow_ups = FollowUps(self._turns, self.readings)
        self._safety = {label: i for i, label in enumerate(ranker.labels) if label.startswith(PREFIX)}
        self._said: Again[str, Utterance] = Again(self._listen, _TEXTS)
        self._written_out: Again[Words, Sense] = Again(self._sense_of, _QUESTIONS)

    def understand(self, text: str, conversation: Conversation = NO_CONVERSATION) -> Understood:
        """Understands one message in its conversation; never raises, whatever the text."""
        said = self._said(text)
        understood = self._by_itself(said, conversation)
        if not conversation.advies and not REFERENCE.search(text):
            return understood
        about = Said(text, said.analysis.words, understood.intent, understood.confidence)
        turn = in_advice(conversation.advies, about, self._advice_words)
        return understood if turn is None else _for_the_desk(understood, turn)

    def _by_itself(self, said: Utterance, conversation: Conversation) -> Understood:
        """What a message means without the desk: it may be the answer to a question of the advice form."""
        if (conversation.earlier or conversation.asked) and not self._chosen(said, conversation):
            text = self._turns.with_reference(said.text, self._subjects(conversation))
            said = said if text == said.text else self._said(text)
        understood = self._understand(said, conversation)
        if understood.intent != "faq" and understood.intent not in (*FOLLOW_UPS, FALLBACK):
            return understood
        questions = self._turns.questions(said.text)
        if 2 <= len(questions) <= _MOST_QUESTIONS:
            return self._with_second_question(understood, questions, conversation)
        return understood

    def _chosen(self, said: Utterance, conversation: Conversation) -> Optional[str]:
        """Which of the questions that the last reply offered a message chooses."""
        if conversation.keten:
            return None
        return self._turns.chosen(said.analysis.words, conversation.choices)

    def _subjects(self, conversation: Conversation) -> Sequence[str]:
        """The subjects that "dat eerste" may mean: those of the question before, or of the answers before."""
        asked = unique_names(self.lexicon.onderwerp.find(conversation.asked.split()))
        if len(asked) > 1:
            return asked
        return [*conversation.earlier, *filter(None, [conversation.onderwerp])]

    def _with_second_question(
        self, whole: Understood, questions: Sequence[str], conversation: Conversation
    ) -> Understood:
        """Adds the second question of a message; what the whole was taken for stays, unless that was nothing."""
        answered: Dict[str, Understood] = {}
        for question in questions:
            part = self._understand(self._said(question), conversation)
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
            return replace(answered[ids[0]], safety=whole.safety, also=ids[1])
        others = [faq_id for faq_id in ids if faq_id != whole.faq_id]
        return replace(whole, also=others[0]) if len(others) < len(ids) else whole

    def _understand(self, said: Utterance, conversation: Conversation, is_rest: bool = False) -> Understood:
        """Understands a message as one question; `is_rest` when a courtesy was taken off before."""
        analysis, topics, in_keten = said.analysis, said.topics, said.in_keten
        if not analysis.words:
            return Understood(FALLBACK, 1.0, [], [], None, None, [])
        heard, alone = self._hear(said, conversation)
        ranking, faq_ranking = self._ranked(said, alone, conversation)
        label, confidence = ranking[0]
        entities = list(said.entities)
        base = Understood(FALLBACK, 1.0 - confidence, ranking, faq_ranking, None, None, entities, said.safety)
        chosen = self._chosen(said, conversation)
        if chosen:
            return _answering(base, chosen, 1.0, [])
        sure = self._is_sure(said, label, confidence)
        # The reply before it makes a short message certain: "volgende", "soms", "en magnesium?".
        turn = in_chain(label if sure else FALLBACK, conversation.keten, in_keten)
        if turn:
            return self._meant(base, replace(heard, label=turn.intent, confidence=1.0), turn.heard, conversation)
        behind = None if is_rest else self._behind_courtesy(label, sure, said, conversation)
        if behind:
            return behind
        meaning = self.follow_ups.find(heard, alone, conversation)
        asks = "" if conversation.advies else self._to_remember(meaning.words if meaning else analysis.words)
        base = replace(base, asked=asks)
        if meaning and meaning.resolution:
            return _followed(replace(base, intent=meaning.intent, confidence=1.0), meaning.resolution, topics)
        meant = meaning.intent if meaning else label if sure else FALLBACK
        if meant != FALLBACK:
            heard = replace(heard, label=meant, confidence=confidence if meant == label else 1.0)
            return self._meant(base, heard, in_keten, conversation)
        named = [name for name in unique_names(topics) if name in SUBSTANCES]
        if len(named) == 1 and not heard.is_of_others:
            entities.append(Entity("onderwerp", named[0]))  # "hoe merk ik een tekort" may come next
        return base

    def _listen(self, text: str) -> Utterance:
        """What a message is in any conversation."""
        analysis = self._analyser.analyse(text)
        topics = self.lexicon.onderwerp.find(analysis.words)
        asked = self._asked_in_story(text, analysis)
        raw = self._probabilities(analysis, asked)
        sense = Sense(analysis.words, self._without_safety(raw), self._subject(analysis, asked, topics))
        safety = {label: float(raw[place]) for label, place in self._safety.items()}
        entities = self._mentioned(text, analysis, topics)
        in_keten = self._chain_words.hear(analysis.words, _names(entities, "schakel"), _names(entities, "blokkade"))
        return Utterance(text, analysis, topics, sense, safety, entities, in_keten)

    def _sense_of(self, words: Words) -> Sense:
        """What the ranker makes of normalised words."""
        analysis = self._analyser.analyse_words(words)
        topics = self.lexicon.onderwerp.find(analysis.words)
        raw = self._without_safety(self._probabilities(analysis, None))
        return Sense(words, raw, self._subject(analysis, None, topics))

    def _without_safety(self, raw: Row) -> Row:
        """What a message is when it is no matter of safety: whether it is one, triage says behind this component."""
        places = list(self._safety.values())
        left = 1.0 - float(raw[places].sum())
        result = raw / max(left, _LEAST_LEFT)
        result[places] = 0.0
        return result

    def _in_view(self, sense: Sense, onderwerp: Optional[str]) -> Reading:
        """What the topic gate leaves of it in a conversation about an onderwerp."""
        reading = sense.in_view.get(onderwerp)
        if reading is None:
            subject = replace(sense.subject, conversation=onderwerp)
            reading = sense.in_view[onderwerp] = Reading(sense.words, sense.raw, self._gate.apply(sense.raw, subject))
        return reading

    def _hear(self, said: Utterance, conversation: Conversation) -> Tuple[Heard, Reading]:
        """What a message is by itself."""
        alone = self._in_view(said.sense, conversation.onderwerp)
        label, confidence = self.ranker.labels[alone.best], float(alone.gated[alone.best])
        sure = self._is_sure(said, label, confidence)
        taken_for = label if sure and not self._is_out_of_place(label, said.analysis, conversation) else FALLBACK
        subject = said.sense.subject
        is_of_others = subject.names_other or subject.names_shop
        heard = Heard(
            taken_for, confidence, said.analysis, said.topics, subject.has_unknown, is_of_others, said.is_serious
        )
        return heard, alone

    def _is_sure(self, said: Utterance, label: str, confidence: float) -> bool:
        """Whether a message is to be taken for this label when nothing was said before."""
        return confidence >= max(self.thresholds.of(label), _SURE_ALL_THE_SAME if said.is_serious else 0.0)

    def _ranked(self, said: Utterance, alone: Reading, conversation: Conversation) -> Tuple[Ranking, Ranking]:
        """The likeliest labels and the likeliest ids, each with its probability."""
        ranked = said.ranked.get(conversation.onderwerp)
        if ranked is None:
            order = np.argsort(-alone.gated, kind="stable").tolist()
            labels = self.ranker.labels
            best = [(labels[i], float(alone.gated[i])) for i in order[:_RANKED]]
            ids = islice((i for i in order if labels[i].startswith(FAQ_INTENT)), _RANKED)
            ranked = best, [(labels[i][len(FAQ_INTENT) :], float(alone.gated[i])) for i in ids]
            said.ranked[conversation.onderwerp] = ranked
        return ranked

    def hear(self, text: str, conversation: Conversation) -> Tuple[Heard, Reading]:
        """What a message is by itself, before the conversation is taken into account; for learning from chats."""
        return self._hear(self._said(text), conversation)

    def _meant(self, base: Understood, heard: Heard, in_keten: ChainHeard, conversation: Conversation) -> Understood:
        """What a message means that was understood by itself, or by the chain.

        Args:
            base: all but the meaning.
            heard: the message with its label and confidence.
            in_keten: what it says that matters to the chain.
            conversation: what was said before.
        """
        intent = _in_conversation(heard.label, conversation)
        if intent.startswith(FAQ_INTENT):
            return _answering(base, intent[len(FAQ_INTENT) :], heard.confidence, heard.topics)
        if intent in FOLLOW_UPS:
            followed = replace(base, intent=intent, confidence=heard.confidence)
            return _followed(followed, self.follow_ups.resolve(intent, heard, conversation), heard.topics)
        entities = list(base.entities)
        if intent in CHAIN_INTENTS:
            entities += _heard_in_chain(in_keten, intent)
            known = _names(entities, "blokkade")
            entities += [Entity("blokkade", name) for name in in_keten.blockers if name not in known]
            if intent == "chain_resume" and in_keten.links:
                intent = LINK  # "verder met de keten: waar is ijzer voor?"
            if intent == LINK and not in_keten.links and conversation.onderwerp in self.lexicon.schakel.names:
                entities += self._link_spoken_of(heard, conversation)
        return replace(base, intent=intent, confidence=heard.confidence, entities=entities, asked="")

    def analyse(self, text: str) -> Analysis:
        """Normalises and corrects a message."""
        return self._analyser.analyse(text)

    def reading(self, words: Sequence[str], conversation: Conversation = NO_CONVERSATION) -> Reading:
        """What the ranker and the topic gate make of normalised words."""
        return self._in_view(self._written_out(tuple(words)), conversation.onderwerp)

    def _to_remember(self, words: Sequence[str]) -> str:
        """A question for later messages to go back to: of the words only those of the examples, no name or number."""
        return " ".join(word for word in words if word in self._seen) if len(words) <= MOST_WORDS else ""

    def _link_spoken_of(self, heard: Heard, conversation: Conversation) -> List[Entity]:
        """The link that "dat" stands for in "wat doet dat in de keten", when that was spoken about."""
        topic = conversation.onderwerp
        if conversation.keten or topic is None or not self._turns.points_back(heard.words, heard.places):
            return []
        return [Entity("schakel", topic)]

    def _asked_in_story(self, text: str, analysis: Analysis) -> Optional[Analysis]:
        """The questions of a long message by themselves, None when it is short or asks nothing."""
        if len(analysis.words) < _STORY:
            return None
        asked = self._analyser.analyse(" ".join(question_sentences(text)))
        return asked if 3 <= len(asked.words) < len(analysis.words) else None

    def _subject(self, analysis: Analysis, asked: Optional[Analysis], topics: Sequence[Found]) -> Subject:
        words = asked.words if asked else analysis.words  # a story may mention anything on its way
        others = [*self.lexicon.other.find(words), *self.lexicon.organ.find(words)]
        first_topic = min((item.start for item in self.lexicon.onderwerp.find(words)), default=0)
        is_subject = len(words) <= _NOT_LONG and any(
            item.start < first_topic and (item.start == 0 or words[item.start - 1] in self._turns.asking_about)
            for item in others
        )
        return Subject(
            named=frozenset(unique_names(topics)),
            conversation=None,
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

    def _probabilities(self, analysis: Analysis, asked: Optional[Analysis]) -> Row:
        values = self.ranker.probabilities(features(analysis, self.lexicon)).astype(np.float64)
        if asked:
            if not self.lexicon.onderwerp.find(asked.words):
                named = unique_names(self.lexicon.onderwerp.find(analysis.words))[:1]
                asked = _with_words(asked, named)
            values = (values + self.ranker.probabilities(features(asked, self.lexicon))) / 2
        known = self.sentences.get(analysis.form) or self.sentences.get(self._turns.without_filling(analysis.form))
        if known is not None:
            values *= 1.0 - _KNOWN_SENTENCE
            values[self.readings.place[known]] += _KNOWN_SENTENCE
        return values

    def _behind_courtesy(
        self, label: str, sure: bool, said: Utterance, conversation: Conversation
    ) -> Optional[Understood]:
        """The question behind "super, dank je, en magnesium?", None when there is none."""
        if sure and label not in COURTESIES:
            return None
        text, words = said.text, said.analysis.words
        rests = []
        start = self._turns.without_courtesy(words)
        if 0 < start <= len(words) - 2:
            rests.append(" ".join(words[start:]))
        pieces = clauses(text)
        if sure and len(pieces) > 1 and "?" in text:
            rests += [" ".join(pieces[1:]), " ".join(pieces[:-1])]
        for rest in rests:
            heard = self._said(rest)
            found = self._understand(heard, conversation, is_rest=True)
            asks = "?" in text or rest.split()[0] in self._turns.asking or rest.startswith("en ")
            if found.intent in _NO_QUESTION or found.confidence < _BEHIND:
                continue
            names_something = bool(heard.topics) or bool(self.lexicon.aspect.find(heard.analysis.words))
            if asks or (found.intent in FOLLOW_UPS and names_something):
                return found
        return None

    def _is_out_of_place(self, label: str, analysis: Analysis, conversation: Conversation) -> bool:
        """Whether a message is not what it looks like: an answer to no question, an opinion that asks something."""
        if label == ANSWER:
            return True
        words = analysis.words
        if label in _WALKING and len(words) > _FEW_STEPS and not conversation.keten:
            return True  # "vorige keer kwam het ook al te laat" is no step back in the chain
        if label not in _OPINIONS or conversation.last_id is None:
            return False
        start = self._turns.without_courtesy(words)
        if not self.follow_ups.aspects(words) and (label not in COURTESIES or len(words) - start < _A_QUESTION):
            return False
        return start < len(words) and words[start] in self._turns.asking

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


def _answering(base: Understood, faq_id: str, confidence: float, topics: Sequence[Found]) -> Understood:
    """A question with an answer. One to the shop is nothing that "en magnesium?" goes back to."""
    entities = [*base.entities, *_recognised(faq_id), *_sold(faq_id, topics)]
    asked = "" if faq_id.startswith(SHOP) else base.asked
    action = FAQ_RESPONSE + faq_id
    return replace(
        base, intent="faq", confidence=confidence, utter_action=action, faq_id=faq_id, entities=entities, asked=asked
    )


def _followed(base: Understood, resolution: Resolution, topics: Sequence[Found]) -> Understood:
    """A follow-up with what it resolves to."""
    faq_id = resolution.faq_id
    entities = [*base.entities, *_asked_about(resolution)]
    if faq_id:
        entities += [*_recognised(faq_id), *_sold(faq_id, topics)]
    forget = base.intent == MORE or (faq_id or "").startswith(SHOP)
    asked = "" if forget else base.asked
    return replace(base, utter_action=resolution.utter_action, faq_id=faq_id, entities=entities, asked=asked)


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
    return replace(
        understood, intent=turn.intent, confidence=1.0, utter_action=None, faq_id=None, entities=entities, asked=""
    )


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
        "sharpness": ranker.sharpness,
        "spelling": dict(understanding.spelling),
        "sentences": dict(understanding.sentences),
        "also_about": {faq_id: sorted(names) for faq_id, names in understanding.also_about.items()},
        "mentions": {faq_id: sorted(names) for faq_id, names in understanding.mentions.items()},
        "lexicon": dict(understanding.lexicon.data),
    }
