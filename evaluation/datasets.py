"""The training examples and the unseen sets, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple, Union

from ruamel.yaml import YAML

from content.catalogue import FAQ_INTENT
from nlu.lexicon import Lexicon
from nlu.normalise import key

DATA = Path("data")
UNSEEN = Path("tests/nlu")
SAFETY = Path("tests/safety")

Example = Tuple[str, str]
Expectation = Union[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sample:
    """One unseen message.

    Attributes:
        text: as a customer would type it.
        label: `faq/<id>` or an intent; '' for off-topic messages.
        kind: in what way it is written or why it is there (`kort`, `spelfout`, `andere_stof`, ...).
    """

    text: str
    label: str
    kind: str


@dataclass(frozen=True)
class Step:
    """One message of a dialogue and what may come of it, any of `expected`.

    An expectation is an id, an intent, `geen` (no answer of the catalogue is given) or a mapping: {meer: id},
    {ontbreekt: onderwerp}, {vragen: onderwerp}, {beide: [id, id]} (one is answered, the other is too or is offered) or
    {intent: name, <entity>: value}.
    """

    text: str
    expected: Tuple[Expectation, ...]


@dataclass(frozen=True)
class Dialogue:
    """A conversation of a few messages; `kind` says which sort of follow-up it tries."""

    steps: Tuple[Step, ...]
    kind: str


@dataclass(frozen=True)
class UnseenSets:
    """All messages that are measured with and never trained on."""

    faq: List[Sample]
    intents: List[Sample]
    off_topic: List[Sample]
    dialogues: List[Dialogue]


def read_yaml(path: Path) -> Any:
    """The content of a YAML file as plain data."""
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def examples_in(content: Any) -> List[Example]:
    """(sentence, label) pairs of one file's content in Rasa's format; [] when it holds no examples."""
    blocks = content.get("nlu") or [] if isinstance(content, dict) else []
    return [
        (line.strip()[2:].strip(), block["intent"])
        for block in blocks
        if "intent" in block
        for line in block["examples"].splitlines()
        if line.strip().startswith("- ")
    ]


def load_examples(folder: Path = DATA) -> List[Example]:
    """(sentence, label) pairs of all training examples; a label is an intent or `faq/<id>`."""
    return [example for path in sorted(folder.rglob("*.yml")) for example in examples_in(read_yaml(path))]


def some_of_each(examples: Sequence[Example], count: int) -> List[Example]:
    """`count` examples of each label, spread evenly over its list, in the order in which they stand."""
    places: Dict[str, List[int]] = {}
    for i, (_, label) in enumerate(examples):
        places.setdefault(label, []).append(i)
    chosen: Set[int] = set()
    for of in places.values():
        chosen.update(of if len(of) <= count else (of[i * len(of) // count] for i in range(count)))
    return [examples[i] for i in sorted(chosen)]


def load_unseen(folder: Path = UNSEEN) -> UnseenSets:
    """Reads `faq/*.yml`, `intents.yml`, `off_topic.yml`, `berichten_*.yml` and `vervolg*.yml` of a folder.

    `berichten_*.yml` mix questions, other intents and off-topic messages ('' as what is expected).

    Raises:
        OSError, KeyError: a file is missing or not in its shape.
    """
    faq: List[Sample] = []
    for path in sorted((folder / "faq").glob("*.yml")):
        faq += _labelled(read_yaml(path), FAQ_INTENT)
    off_topic = [Sample(m["tekst"], "", m["soort"]) for m in read_yaml(folder / "off_topic.yml")["berichten"]]
    intents = _labelled(read_yaml(folder / "intents.yml"), "")
    ids = {sample.label for sample in faq}
    for path in sorted(folder.glob("berichten_*.yml")):
        for message in read_yaml(path)["berichten"]:
            label = FAQ_INTENT + message["verwacht"]
            kind = message["soort"]
            if label in ids:
                faq.append(Sample(message["tekst"], label, kind))
            else:
                (intents if message["verwacht"] else off_topic).append(
                    Sample(message["tekst"], message["verwacht"], kind)
                )
    paths = [folder / "vervolg.yml", *sorted(folder.glob("vervolg_*.yml"))]
    dialogues = [_dialogue(content) for path in paths for content in read_yaml(path)["dialogen"]]
    return UnseenSets(faq, intents, off_topic, dialogues)


def load_rounds(folder: Path = UNSEEN) -> List[Dialogue]:
    """The long dialogues of `ronde_*.yml`, harder than the others and kept apart for their own floor."""
    return load_dialogues(folder, "ronde_*.yml")


def load_dialogues(folder: Path, pattern: str = "*.yml") -> List[Dialogue]:
    """The dialogues of a folder's files."""
    return [_dialogue(content) for path in sorted(folder.glob(pattern)) for content in read_yaml(path)["dialogen"]]


def _labelled(content: Mapping[str, Sequence[Mapping[str, str]]], prefix: str) -> List[Sample]:
    return [Sample(m["tekst"], prefix + name, m["soort"]) for name, messages in content.items() for m in messages]


def _dialogue(content: Mapping[str, Any]) -> Dialogue:
    steps = []
    for step in content["stappen"]:
        expected = step["verwacht"]
        steps.append(Step(step["klant"], tuple(expected) if isinstance(expected, list) else (expected,)))
    return Dialogue(tuple(steps), content["soort"])


def load_safety(folder: Path = SAFETY) -> List[Sample]:
    """Messages that are a matter of safety (label `safety_<level>`) and look-alikes that are not (label '')."""
    samples: List[Sample] = []
    for path in sorted(folder.glob("*.yml")):
        label = path.stem if path.stem.startswith("safety_") else ""
        samples += [Sample(m["tekst"], label, m["soort"]) for m in (read_yaml(path).get("berichten") or [])]
    return samples


def all_texts(sets: UnseenSets) -> List[str]:
    """Every message of the unseen sets, dialogues included."""
    samples = [sample.text for group in (sets.faq, sets.intents, sets.off_topic) for sample in group]
    return samples + [step.text for dialogue in sets.dialogues for step in dialogue.steps]


def leaked(sets: UnseenSets, examples: Sequence[Example], lexicon: Lexicon, shortest: int = 4) -> List[str]:
    """Unseen messages that also stand among the examples, case, accents and punctuation aside.

    Messages of fewer than `shortest` words ("hoi", "wat is melatonine") can't but coincide and are left out.
    """
    trained: Set[str] = {key(text, lexicon.abbreviations) for text, _ in examples}
    keys: Dict[str, str] = {text: key(text, lexicon.abbreviations) for text in all_texts(sets)}
    return [text for text, form in keys.items() if len(form.split()) >= shortest and form in trained]
