"""Learning from use, from a real tracker store to a changed file of examples."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import pytest
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActiveLoop, BotUttered, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from channels.event_log import EventLog
from evaluation.datasets import load_examples, load_unseen
from nlu.lexicon import Lexicon
from review import __main__ as command
from review import decisions, examples, proposals
from review.conversations import NoConversations, read_sessions, sqlite_url
from review.decisions import DecisionError, Entry
from review.proposals import Proposal
from review.ratings import read_ratings

WAAR, SLAAP = "Waar wordt serotonine aangemaakt?", "Hoe kan ik beter slapen?"
QUESTIONS = {WAAR: "serotonine_waar", SLAAP: "slaap_verbeteren"}
FAQ_FILE = f"""\
version: "3.1"   # a comment that stays

nlu:
- intent: faq/serotonine_waar
  examples: |
    - waar komt serotonine vandaan
    - in welk orgaan zit serotonine

- intent: faq/slaap_verbeteren
  examples: |
      - beter slapen
responses:
  utter_faq/serotonine_waar:
  - text: "In je   darmen."
    metadata: {{vraag: "{WAAR}"}}
  utter_faq/slaap_verbeteren:
  - text: Ga op tijd naar bed.
    metadata: {{vraag: "{SLAAP}"}}
"""
SAFETY_FILE = "nlu:\n- intent: safety_suicide\n  examples: |\n    - ik wil niet meer leven\n"


def user(text: str, intent: str, confidence: float = 1.0, ranking: Sequence[Any] = ()) -> UserUttered:
    parsed = {
        "intent": {"name": intent, "confidence": confidence},
        "intent_ranking": [{"name": name, "confidence": share} for name, share in ranking],
        "entities": [],
    }
    return UserUttered(text, parsed["intent"], [], parsed)


def bot(text: str, *offered: str, faq_id: Optional[str] = None) -> BotUttered:
    metadata = {"faq_id": faq_id} if faq_id else {}
    return BotUttered(text, {"buttons": [{"title": p, "payload": p} for p in offered]}, metadata)


def fallback(text: str, guess: str = "faq/serotonine_waar", share: float = 0.25) -> List[Event]:
    ranking = [("nlu_fallback", 0.8), (guess, share)]
    return [user(text, "nlu_fallback", 0.8, ranking), bot("Bedoel je?", WAAR, SLAAP, "iets anders")]


def answered(text: str, faq_id: str, confidence: float = 0.95) -> List[Event]:
    return [user(text, "faq", confidence, [(f"faq/{faq_id}", confidence)]), bot("Antwoord.", faq_id=faq_id)]


CONVERSATIONS: Dict[str, List[Event]] = {
    "clicked": [*fallback("waar komt da spul vandaan in mn lijf"), *answered(WAAR, "serotonine_waar")],
    "again": [*fallback("da blij stofke vanwaar"), *answered("waar wordt serotonine gemaakt", "serotonine_waar")],
    "other": [*fallback("wa kost dat"), user("iets anders", "help"), bot("Wat dan?")],
    "gave up": [*fallback("mail mij op jan@huis.nl of 06-12345678 over pitten", "faq/slaap_verbeteren")],
    "the same twice": [
        *fallback("Pitten lukt nie"),
        SessionStarted(),
        *fallback("pitten lukt nie!"),
        *answered(SLAAP, "slaap_verbeteren"),
    ],
    "no idea": [*fallback("kwispel de kwispel", share=0.03)],
    "thumbs": [
        *answered("orgaan van de blijheid", "serotonine_waar", 0.5),
        user("👍", "nlu_fallback"),
        bot("Fijn."),
        *answered("hoe word ik wakker", "slaap_verbeteren", 0.97),
        user("dat bedoel ik niet", "feedback_negative"),
        bot("Sorry."),
        *answered("beter slapen", "slaap_verbeteren", 0.97),
        user("👍", "feedback_positive"),
        bot("Fijn."),
    ],
    "serious": [*fallback("waarom nog door"), user("ik wil dood", "safety_suicide"), bot("Bel 113.")],
    "mild": [
        user("mag dit met mijn medicijnen", "safety_medication"),
        bot("Vraag je arts."),
        *fallback("oke en nu dan"),
    ],
    "form": [ActiveLoop("advice_form"), *fallback("Jan de Vries"), ActiveLoop(None), *fallback("na het formulier")],
    "command": [*fallback("/restart"), *fallback("👍👍"), *fallback("x" * 400)],
}


@pytest.fixture
def store(tmp_path: Path) -> str:
    file = tmp_path / "conversations.db"
    tracker_store = SQLTrackerStore(Domain.empty(), "sqlite", db=str(file))

    async def fill() -> None:
        for sender, events in CONVERSATIONS.items():
            await tracker_store.save(DialogueStateTracker.from_events(sender, [SessionStarted(), *events]))

    asyncio.run(fill())
    return sqlite_url(file)


def test_thumbs_below_an_answer_count_like_words(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'web.db'}"
    log = EventLog(url)
    log.open_session("thumbs")
    for number, (text, thumb) in enumerate(
        [("orgaan van de blijheid", "up"), ("pitten lukt nie", "down"), ("x", None)]
    ):
        log.add_question("thumbs", f"id-{number:06}", text)
        log.add_replies("thumbs", 2 * number + 1, [{"text": "Antwoord.", "faq_id": "serotonine_waar"}])
        log.rate("thumbs", 2 * number + 2, thumb)
    log.close()
    ratings = read_ratings(url)
    assert ratings == {("thumbs", "orgaan van de blijheid"): "up", ("thumbs", "pitten lukt nie"): "down"}

    events = [
        *answered("orgaan van de blijheid", "serotonine_waar", 0.5),
        *answered("pitten lukt nie", "serotonine_waar"),
    ]
    file = tmp_path / "conversations.db"
    tracker_store = SQLTrackerStore(Domain.empty(), "sqlite", db=str(file))
    asyncio.run(tracker_store.save(DialogueStateTracker.from_events("thumbs", [SessionStarted(), *events])))
    found = proposals.find(read_sessions(sqlite_url(file), ratings), QUESTIONS, Lexicon.load())
    assert [(p.text, p.id, p.why) for p in found] == [
        ("orgaan van de blijheid", "serotonine_waar", proposals.THUMB_UP),
        ("pitten lukt nie", "serotonine_waar", proposals.THUMB_DOWN),
    ]


def test_without_a_web_chat_there_are_no_thumbs(tmp_path: Path) -> None:
    assert read_ratings(f"sqlite:///{tmp_path / 'absent.db'}") == {}
    (tmp_path / "empty.db").touch()
    assert read_ratings(f"sqlite:///{tmp_path / 'empty.db'}") == {}


def test_the_question_chosen_after_a_wrong_answer_is_proposed(tmp_path: Path) -> None:
    file = tmp_path / "conversations.db"
    events = [
        *answered("pitten lukt nie", "serotonine_waar"),
        user("dat bedoelde ik niet", "feedback_negative"),
        bot("Sorry.", SLAAP, "medewerker"),
        *answered(SLAAP, "slaap_verbeteren"),
    ]
    tracker_store = SQLTrackerStore(Domain.empty(), "sqlite", db=str(file))
    asyncio.run(tracker_store.save(DialogueStateTracker.from_events("an", [SessionStarted(), *events])))
    found = proposals.find(read_sessions(sqlite_url(file)), QUESTIONS, Lexicon.load())
    assert [(p.text, p.id, p.why) for p in found] == [("pitten lukt nie", "slaap_verbeteren", proposals.CORRECTED)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "faq").mkdir(parents=True)
    (folder / "faq" / "stof.yml").write_text(FAQ_FILE, encoding="utf-8")
    (folder / "veiligheid.yml").write_text(SAFETY_FILE, encoding="utf-8")
    return folder


def test_what_was_not_understood_is_proposed_with_its_reason(store: str) -> None:
    found = proposals.find(read_sessions(store), QUESTIONS, Lexicon.load())
    assert [(p.text, p.id, p.why, p.count) for p in found] == [
        ("pitten lukt nie!", "slaap_verbeteren", proposals.CHOSEN, 2),
        ("waar komt da spul vandaan in mn lijf", "serotonine_waar", proposals.CHOSEN, 1),
        ("orgaan van de blijheid", "serotonine_waar", proposals.THUMB_UP, 1),
        ("da blij stofke vanwaar", "serotonine_waar", proposals.ASKED_AGAIN, 1),
        ("hoe word ik wakker", "slaap_verbeteren", proposals.THUMB_DOWN, 1),
        ("wa kost dat", "", proposals.OTHER, 1),
        ("kwispel de kwispel", "", proposals.GUESSED, 1),
        ("mail mij op *** of *** over pitten", "slaap_verbeteren", proposals.GUESSED, 1),
        ("na het formulier", "serotonine_waar", proposals.GUESSED, 1),
        ("oke en nu dan", "serotonine_waar", proposals.GUESSED, 1),
    ]


def test_from_conversations_to_examples(
    store: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = tmp_path / "review.yml"
    assert command.propose(store, review, data) == 0
    assert "10 messages wait for a decision" in capsys.readouterr().out
    assert review.stat().st_mode & 0o077 == 0

    text = review.read_text(encoding="utf-8")
    blocks = text.split("- text:")
    decided = [
        block.replace('decision: ""', 'decision: "accept"')
        if "da spul" in block or "Pitten" in block or "pitten lukt" in block
        else block.replace('decision: ""', "decision: nee")
        if "kwispel" in block
        else block
        for block in blocks
    ]
    review.write_text("- text:".join(decided), encoding="utf-8")

    assert command.accept(review, data) == 0
    assert "2 examples added" in capsys.readouterr().out
    expected = FAQ_FILE.replace(
        "    - in welk orgaan zit serotonine\n",
        "    - in welk orgaan zit serotonine\n    - waar komt da spul vandaan in mn lijf\n",
    ).replace("      - beter slapen\n", "      - beter slapen\n      - pitten lukt nie!\n")
    assert (data / "faq" / "stof.yml").read_text(encoding="utf-8") == expected

    # A second look proposes neither what was learnt nor what was rejected.
    assert command.propose(store, review, data) == 0
    entries = decisions.read(review)
    assert [e.proposal.text for e in entries if e.decision == "reject"] == ["kwispel de kwispel"]
    assert len([e for e in entries if e.decision == ""]) == 7


def accepted(text: str, faq_id: str = "serotonine_waar") -> Entry:
    return Entry(Proposal(text, faq_id, "why"), "accept")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (accepted("Waar komt SEROTONINE vandaan?"), "it stands already among the examples of faq/serotonine_waar"),
        (accepted("Beter  slapen"), "it stands already among the examples of faq/slaap_verbeteren"),
        (accepted("een vraag uit de meting"), "it stands already in the sets that are measured with"),
        (accepted("ik wil niet meer verder"), "messages about safety are not learnt this way"),
        (accepted("gewone vraag", "safety_suicide"), "messages about safety are not learnt this way"),
        (accepted("gewone vraag", "bestaat_niet"), "'bestaat_niet' is no id of data/faq/ and no intent"),
        (accepted("gewone vraag", ""), "'' is no id of data/faq/ and no intent"),
        (
            accepted("[gewone](onderwerp) vraag"),
            "it has brackets or line breaks, which mean something else in an example",
        ),
        (accepted("👍 !"), "there is no word in it"),
    ],
)
def test_what_must_not_be_learnt_is_refused(data: Path, entry: Entry, reason: str) -> None:
    added, left = examples.add_accepted(
        [entry], data, ["Een vraag uit de meting?"], Lexicon.load(), lambda text: "niet meer verder" in text
    )
    assert added == []
    assert left[0].refused == reason
    assert (data / "faq" / "stof.yml").read_text(encoding="utf-8") == FAQ_FILE


def test_the_same_message_is_accepted_once(data: Path) -> None:
    entries = [accepted("vanwaar dat goedje"), accepted("Vanwaar dat goedje?", "slaap_verbeteren")]
    added, left = examples.add_accepted(entries, data, [], Lexicon.load(), lambda text: False)
    assert added == [("vanwaar dat goedje", "faq/serotonine_waar")]
    assert left[0].refused == "it stands already among the examples of faq/serotonine_waar"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_stay_as_they_are(data: Path, ending: str) -> None:
    file = data / "faq" / "stof.yml"
    before = FAQ_FILE.replace("\n", ending).encode()
    file.write_bytes(before)
    examples.add_accepted([accepted("vanwaar dat goedje")], data, [], Lexicon.load(), lambda text: False)
    added = f"    - vanwaar dat goedje{ending}".encode()
    assert file.read_bytes().replace(added, b"") == before
    assert added in file.read_bytes()


def test_a_file_that_ends_without_a_line_break_keeps_that() -> None:
    content = "nlu:\n- intent: faq/x\n  examples: |\n    - een"
    assert examples.with_example(content, "faq/x", "twee") == content + "\n    - twee"


def test_every_id_of_the_real_content_can_get_an_example() -> None:
    files = examples.find_files(Path("data"))
    labels = {label for _, label in load_examples() if label.startswith("faq/")}
    assert len(labels) >= 100
    for label in labels:
        content = files[label].read_text(encoding="utf-8")
        changed = examples.with_example(content, label, "een nieuw voorbeeld")
        assert changed.replace("    - een nieuw voorbeeld\n", "", 1) == content


def test_no_message_that_is_measured_with_is_learnt(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    review = tmp_path / "review.yml"
    decisions.write([accepted(load_unseen().faq[0].text)], review)
    assert command.accept(review, data) == 0
    assert "not added, it stands already in the sets that are measured with" in capsys.readouterr().out
    assert (data / "faq" / "stof.yml").read_text(encoding="utf-8") == FAQ_FILE
    assert decisions.read(review)[0].refused


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- text: [", "line 2: this is no valid YAML"),
        ("tekst: a", "a list of messages is expected"),
        ("- id: a", "every entry needs a text"),
        ("- {text: hoi, decision: misschien}", "'misschien' below 'hoi' is neither accept nor reject"),
    ],
)
def test_a_damaged_file_gets_a_clear_message(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "review.yml"
    file.write_text(content + "\n", encoding="utf-8")
    with pytest.raises(DecisionError, match=message):
        decisions.read(file)


def test_texts_survive_the_file_whatever_they_hold(tmp_path: Path) -> None:
    texts = ["\"aan\" & 'uit': - #1", "ja", "12", "yes: no", "é 👍 *ster*", "a" * 300]
    file = tmp_path / "review.yml"
    decisions.write([Entry(Proposal(text, "x", "why", 2), "reject", "omdat") for text in texts], file)
    assert [e.proposal.text for e in decisions.read(file)] == texts
    assert decisions.read(file)[0] == Entry(Proposal(texts[0], "x", "why", 2), "reject", "omdat")


def test_without_conversations_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoConversations, match="nobody has talked"):
        sqlite_url(tmp_path / "none.db")
    (tmp_path / "empty.db").write_bytes(b"")
    with pytest.raises(NoConversations, match="no such table"):
        list(read_sessions(sqlite_url(tmp_path / "empty.db")))
