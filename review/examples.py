"""Adds accepted messages to the examples in data/, leaving everything else in the files as it is, byte for byte."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ruamel.yaml import YAML

from content.catalogue import FAQ_INTENT
from evaluation.datasets import Example, examples_in
from nlu.lexicon import Lexicon
from nlu.normalise import key
from review.decisions import ACCEPT, Entry
from review.proposals import SAFETY_PREFIX

_INTENT = re.compile(r"\s*-\s+intent:\s*[\"']?([^\s\"'#]+)[\"']?\s*(?:#.*)?$")
_EXAMPLES = re.compile(r"\s*examples:\s*\|[+-]?\s*$")
_LINE = re.compile(r"(\s+)-\s+\S.*?(\r?\n|$)")
_SHOWN = 60


class NoBlock(Exception):
    """A label has no list of examples."""


def find_files(data: Path) -> Dict[str, Path]:
    """{label: file in which its examples stand} for all labels."""
    found: Dict[str, Path] = {}
    for file in sorted(data.rglob("*.yml")):
        for line in file.read_text(encoding="utf-8").splitlines():
            match = _INTENT.match(line)
            if match:
                found.setdefault(match.group(1), file)
    return found


def with_example(content: str, label: str, text: str) -> str:
    """The content of a file with one more example at the end of a label's list.

    Raises:
        NoBlock: the label has no list of examples in this file.
    """
    lines = content.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if (m := _INTENT.match(line)) and m.group(1) == label), None)
    if start is None:
        raise NoBlock(label)
    begin = next((i for i in range(start + 1, min(start + 4, len(lines))) if _EXAMPLES.match(lines[i])), None)
    if begin is None:
        raise NoBlock(label)
    last: Optional[int] = None
    for i in range(begin + 1, len(lines)):
        if lines[i].strip() and not _is_example(lines[i], lines[begin]):
            break
        if lines[i].strip():
            last = i
    match = _LINE.match(lines[last]) if last is not None else None
    if last is None or match is None:
        raise NoBlock(label)
    ending = match.group(2)
    lines.insert(last + 1, f"{match.group(1)}- {text}{ending}")
    if not ending:  # the file did not end with a line break, and still does not
        lines[last] += "\r\n" if "\r\n" in content else "\n"
    return "".join(lines)


def _is_example(line: str, head: str) -> bool:
    def indent(text: str) -> int:
        return len(text) - len(text.lstrip(" "))

    return indent(line) > indent(head) and line.lstrip().startswith("- ")


def check(
    entry: Entry,
    files: Mapping[str, Path],
    taken: Mapping[str, str],
    lexicon: Lexicon,
    is_safety: Callable[[str], bool],
) -> Tuple[str, str]:
    """Whether an accepted entry may be added.

    Args:
        entry: what the owner accepted.
        files: see `find_files`.
        taken: {normalised message: where it stands already}.
        lexicon: for what counts as the same message.
        is_safety: whether a message is a matter of safety.

    Returns:
        (label, '') or ('', why not).
    """
    text, name = entry.proposal.text, entry.proposal.id
    label = FAQ_INTENT + name if FAQ_INTENT + name in files else name
    form = key(text, lexicon.abbreviations)
    if not name or label not in files:
        return "", f"'{name}' is no id of data/faq/ and no intent"
    if label.startswith(SAFETY_PREFIX) or is_safety(text):
        return "", "messages about safety are not learnt this way"
    if not key(text, {}):  # a thumb alone is no word either
        return "", "there is no word in it"
    if form in taken:
        return "", f"it stands already {taken[form]}"
    if any(c in text for c in "[]{}\r\n\t"):
        return "", "it has brackets or line breaks, which mean something else in an example"
    return label, ""


def add_accepted(
    entries: Sequence[Entry],
    data: Path,
    unseen: Sequence[str],
    lexicon: Lexicon,
    is_safety: Callable[[str], bool],
) -> Tuple[List[Example], List[Entry]]:
    """Adds what the owner accepted to the files of `data`.

    Args:
        entries: of var/review.yml.
        data: the folder.
        unseen: messages that are measured with, which must not be learnt.
        lexicon: for what counts as the same message.
        is_safety: whether a message is a matter of safety.

    Returns:
        The examples that were added, and the entries that are left: those undecided, rejected or refused.
    """
    files = find_files(data)
    taken = {key(text, lexicon.abbreviations): "in the sets that are measured with" for text in unseen}
    contents: Dict[Path, str] = {}
    for file in sorted(set(files.values())):
        contents[file] = _read(file)
        for text, label in examples_in(YAML(typ="safe").load(contents[file])):
            taken[key(text, lexicon.abbreviations)] = f"among the examples of {label}"
    added: List[Example] = []
    left: List[Entry] = []
    changed: Dict[Path, str] = {}
    for entry in entries:
        if entry.decision != ACCEPT:
            left.append(entry)
            continue
        text = entry.proposal.text.strip()
        label, refused = check(
            replace(entry, proposal=replace(entry.proposal, text=text)), files, taken, lexicon, is_safety
        )
        if not refused:
            file = files[label]
            try:
                changed[file] = with_example(changed.get(file, contents[file]), label, text)
            except NoBlock:
                refused = f"{file} has no list of examples for {label} to add it to"
        if refused:
            left.append(replace(entry, refused=refused))
            continue
        taken[key(text, lexicon.abbreviations)] = f"among the examples of {label}"
        added.append((text, label))
    for file, content in changed.items():
        _check_written(file, contents[file], content, [e for e in added if files[e[1]] == file])
    for file, content in changed.items():
        _write(file, content)
    return added, left


def _check_written(file: Path, before: str, after: str, added: Sequence[Example]) -> None:
    """What YAML reads afterwards is what it read before and the new examples. Raises ValueError when it is not."""
    yaml = YAML(typ="safe")
    old, new = examples_in(yaml.load(before)), examples_in(yaml.load(after))
    if sorted([*old, *added]) != sorted(new):
        raise ValueError(f"{file} was left as it was: adding {len(added)} examples would change others.")


def _read(file: Path) -> str:
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def _write(file: Path, content: str) -> None:
    """Replaces the file as a whole, so that it is never half written."""
    new = file.with_name(file.name + ".new")
    with new.open("w", encoding="utf-8", newline="") as stream:
        stream.write(content)
    os.chmod(new, file.stat().st_mode & 0o777)
    os.replace(new, file)


def shorten(text: str) -> str:
    """The beginning of a message, for a line in the terminal."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
