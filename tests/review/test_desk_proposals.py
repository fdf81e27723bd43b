"""From "maak hier een FAQ van" on the staff page to an example or a draft of a new question."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Iterator

import pytest
from ruamel.yaml import YAML

from desk.database import Database, open_database
from desk.models import FaqProposal
from review import __main__ as command
from review import decisions, desk_proposals
from review.desk_proposals import DeskProposals
from tests.review.test_review import FAQ_FILE, SAFETY_FILE

NOW = dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.timezone.utc)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    opened = open_database(address)
    with opened.session() as session:
        for question, answer in (
            ("Waar komt die blijheidsstof vandaan?", "Vooral uit je darmen."),
            ("Mag magnesium bij bier?", "Liever niet tegelijk.\nBel me op 06-12345678."),
            ("Hoe laat is het?", "Geen idee."),
        ):
            session.add(FaqProposal(question=question, answer=answer, author="marieke", state="open", created_at=NOW))
    yield opened
    opened.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "faq").mkdir(parents=True)
    (folder / "faq" / "magnesium.yml").write_text(FAQ_FILE, encoding="utf-8")
    (folder / "veiligheid.yml").write_text(SAFETY_FILE, encoding="utf-8")
    return folder


def states(database: Database) -> "list[str]":
    with database.reading() as session:
        return [row.state for row in session.query(FaqProposal).order_by(FaqProposal.id)]


def decide(file: Path, *choices: "tuple[str, str]") -> None:
    """Writes (id, decision) into the file, as an owner does."""
    items = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    for item, (name, decision) in zip(items, choices):
        item.update(id=name, decision=decision)
    with file.open("w", encoding="utf-8") as stream:
        YAML().dump(items, stream)


def test_proposals_of_owners_go_all_the_way(
    database: Database,
    address: str,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(desk_proposals.settle, "__defaults__", (tmp_path / "faq",))
    desk, file = DeskProposals(address), tmp_path / "review.yml"
    command.propose("", file, data, desk.open())
    found = [(e.proposal.text, e.proposal.answer, e.proposal.why) for e in decisions.read(file)]
    assert found[1] == ("Mag magnesium bij bier?", "Liever niet tegelijk.\nBel me op ***.", desk_proposals.WANTED)
    assert len(found) == 3

    decide(file, ("serotonine_waar", "ja"), ("magnesium_bier", "ja"), ("", "nee"))
    assert command.accept(file, data, desk) == 0
    assert "    - Waar komt die blijheidsstof vandaan?\n" in (data / "faq" / "magnesium.yml").read_text(
        encoding="utf-8"
    )
    draft = YAML(typ="safe").load((tmp_path / "faq" / "magnesium_bier.yml").read_text(encoding="utf-8"))
    assert draft["nlu"] == [{"intent": "faq/magnesium_bier", "examples": "- Mag magnesium bij bier?\n"}]
    (variation,) = draft["responses"]["utter_faq/magnesium_bier"]
    assert variation["text"] == "Liever niet tegelijk.\nBel me op ***.\n"
    assert variation["metadata"]["vraag"] == "Mag magnesium bij bier?"
    assert "magnesium_bier.yml" in capsys.readouterr().out
    assert states(database) == ["taken", "taken", "refused"]
    assert desk.open() == []
    assert [entry.decision for entry in decisions.read(file)] == ["reject"]


def test_what_is_not_decided_stays_open(database: Database, address: str, data: Path, tmp_path: Path) -> None:
    desk, file = DeskProposals(address), tmp_path / "review.yml"
    command.propose("", file, data, desk.open())
    decide(file, ("", ""), ("geen-onderwerp_x", "ja"), ("magnesium", "ja"))
    command.accept(file, data, desk)
    assert states(database) == ["open", "open", "open"]
    assert len(decisions.read(file)) == 3
    assert decisions.read(file)[1].refused == "'geen-onderwerp_x' is no id of data/faq/ and no intent"


def test_a_draft_tells_what_the_claims_linter_finds(tmp_path: Path) -> None:
    from content.claims import read_claims
    from review.proposals import Proposal

    proposal = Proposal("Helpt magnesium?", "magnesium_angst", "w", answer="Magnesium geneest angst.", desk_id=1)
    draft = desk_proposals._write_draft(proposal, read_claims(), NOW.date(), tmp_path)
    assert len(draft.findings) >= 1
    assert "geneest" in draft.findings[0]


def test_without_a_desk_there_are_no_proposals(tmp_path: Path) -> None:
    desk = DeskProposals(f"sqlite:///{tmp_path / 'none.db'}")
    assert desk.open() == []
    desk.decide([1], "taken")
    assert not (tmp_path / "none.db").exists()
