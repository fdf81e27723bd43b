"""The list and a request: filters, answers, owners, notes, closing, an FAQ; and what customers smuggle in."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any, Dict, List

import pytest

from desk import cases
from desk.database import Database, DeskUnavailable
from desk.models import Answer, Case, FaqProposal, OutboxRow
from shop.settings import Shop
from tests.desk.conftest import TUESDAY, Clock
from tests.desk.staff.conftest import HERE, Owner, open_case, open_here

SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'{{7*7}}"


def listed(page: str) -> List[str]:
    return re.findall(r'<th scope="row"><a href="/aanvraag/(A-\d{4}-\d{4})"', page)


@pytest.fixture
def several(database: Database, shop: Shop, clock: Clock) -> Dict[str, str]:
    found = {
        "old": open_case(database, shop, "a", now=TUESDAY - dt.timedelta(days=7), name="Piet"),
        "urgent": open_case(database, shop, "b", urgent=True),
        "hers": open_case(database, shop, "c", contact=cases.Contact("email", "kees@klant.nl")),
        "done": open_case(database, shop, "d"),
    }
    cases.assign(database, found["hers"], "marieke", "marieke", TUESDAY)
    cases.close(database, found["done"], "dubbel", "marieke", shop, TUESDAY)
    return found


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["urgent", "old", "hers"]),
        ("?status=alle", ["urgent", "old", "hers", "done"]),
        ("?status=closed", ["done"]),
        ("?status=onzin", ["urgent", "old", "hers"]),
        ("?van=marieke", ["hers"]),
        ("?van=-", ["urgent", "old"]),
        ("?dringend=y", ["urgent"]),
        ("?te_laat=y", ["old"]),
        ("?zoek=piet", ["old"]),
        ("?zoek=KEES@klant", ["hers"]),
        ("?zoek=%25", []),
        ("?pagina=99", ["urgent", "old", "hers"]),
        ("?pagina=x", ["urgent", "old", "hers"]),
        ("?status=alle&van=&zoek=&pagina=-3", ["urgent", "old", "hers", "done"]),
    ],
)
def test_the_list_shows_what_was_asked_for(owner: Owner, several: Dict[str, str], query: str, names: List[str]) -> None:
    assert sorted(listed(owner.get("/" + query))) == sorted(several[name] for name in names)
    assert owner.status == 200


def test_urgent_and_late_ones_are_marked_and_come_first(owner: Owner, several: Dict[str, str]) -> None:
    page = owner.get("/")
    assert listed(page)[:2] == [several["urgent"], several["old"]]
    assert page.count('<strong class="tag bad">Dringend</strong>') == 1
    assert page.count('<strong class="tag bad">Te laat</strong>') == 1


def test_searching_a_reference_finds_it(owner: Owner, several: Dict[str, str]) -> None:
    assert listed(owner.get(f"/?zoek={several['hers']}")) == [several["hers"]]


def test_a_long_list_has_pages_that_keep_the_filters(owner: Owner, database: Database, shop: Shop) -> None:
    for number in range(51):
        open_case(database, shop, f"key-{number}")
    page = owner.get("/?zoek=jan&dringend=")
    assert len(listed(page)) == 50
    assert "51 aanvragen, pagina 1 van 2" in page
    following = unescape(re.findall(r'href="([^"]+)" rel="next"', page)[0])
    assert "zoek=jan" in following
    assert len(listed(owner.get(following))) == 1


def test_a_request_shows_question_contact_consent_and_history(owner: Owner, reference: str) -> None:
    page = owner.get(f"/aanvraag/{reference}")
    for text in (
        "Ik slaap slecht. Wat kan ik doen?",
        "Jan de Vries",
        'href="mailto:jan%40klant.nl">jan@klant.nl</a>',
        "vandaag 14:00, tekst 2026-11",
        "morgen 17:00",
        "de klant</strong>",
        "<dt>Wordt gewist</dt><dd>24-11-2027</dd>",
    ):
        assert text in page, text
    assert "Het gesprek ervoor" not in page


def test_the_conversation_before_is_shown_only_when_the_customer_agreed(
    owner: Owner, database: Database, shop: Shop
) -> None:
    lines = [cases.Line("customer", "ik slaap slecht"), cases.Line("bot", "Dat is vervelend.")]
    page = owner.get("/aanvraag/" + open_case(database, shop, transcript=lines))
    assert "De klant vond goed dat dit meegaat." in page
    assert "Dat is vervelend." in page


def test_a_self_check_is_shown(owner: Owner, database: Database, shop: Shop) -> None:
    page = owner.get("/aanvraag/" + open_case(database, shop, self_check={"stap": "eiwit", "antwoorden": ["ja", 1]}))
    assert "<dt>stap</dt><dd>eiwit</dd>" in page


def test_an_answer_goes_by_mail_once(owner: Owner, database: Database, reference: str) -> None:
    owner.get(f"/aanvraag/{reference}")
    key = owner.field("key")
    for _ in range(2):
        owner.post(f"/aanvraag/{reference}/antwoord", text="Ga op tijd naar bed.", way="mail", key=key)
        assert owner.told() == "Het antwoord wordt gemaild."
    with database.reading() as session:
        assert [(row.author, row.way, row.text) for row in session.query(Answer)] == [
            ("marieke", "mail", "Ga op tijd naar bed.")
        ]
        assert session.query(OutboxRow).filter(OutboxRow.dedupe.like("% answer %")).count() == 1
    assert "antwoordde per mail" in re.sub(r"\s+", " ", owner.page)
    assert cases.get_case(database, reference).status == "answered"


def test_an_answer_goes_into_the_conversation(owner: Owner, database: Database, shop: Shop) -> None:
    reference = open_here(database, shop)
    page = owner.get(f"/aanvraag/{reference}")
    assert 'value="chat" required checked' in page
    assert 'value="mail"' not in page
    owner.post(f"/aanvraag/{reference}/antwoord", text="Dag!", way="chat", key=owner.field("key"))
    assert owner.told() == "Het antwoord komt in het gesprek met de klant."
    with database.reading() as session:
        row = session.query(OutboxRow).filter(OutboxRow.kind == "chat").one()
        assert (row.channel, row.conversation, row.payload["text"]) == ("web", "web-1", "Dag!")


def test_an_answer_by_telephone_is_only_recorded(owner: Owner, database: Database, shop: Shop) -> None:
    reference = open_case(database, shop, contact=cases.Contact("phone", "0612345678"))
    page = owner.get(f"/aanvraag/{reference}")
    assert 'href="tel:+31612345678"' in page
    owner.post(f"/aanvraag/{reference}/antwoord", text="Besproken.", way="phone", key=owner.field("key"))
    assert owner.told() == "Het antwoord staat erbij als telefonisch gegeven."


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"text": "", "way": "mail"}, 400, "Vul een tekst in."),
        ({"text": "   \n ", "way": "mail"}, 400, "Vul een tekst in."),
        ({"text": "x" * 20_001, "way": "mail"}, 400, "Deze tekst is te lang."),
        ({"text": "dag", "way": "duif"}, 400, "Kies een van de mogelijkheden."),
        ({"text": "dag"}, 400, "Kies een van de mogelijkheden."),
        ({"text": "dag", "way": "mail", "key": "k" * 65}, 400, "Kies een van de mogelijkheden."),
    ],
)
def test_an_answer_that_can_not_be_taken_is_kept_on_the_page(
    owner: Owner, database: Database, reference: str, fields: Dict[str, str], status: int, told: str
) -> None:
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/antwoord", **{"key": owner.field("key"), **fields})
    assert (owner.status, told in owner.told()) == (status, True)
    if fields["text"].strip():
        assert fields["text"] + "</textarea>" in owner.page
    assert cases.get_case(database, reference).answers == ()


def test_mail_to_a_customer_without_an_address_is_refused(owner: Owner, database: Database, shop: Shop) -> None:
    reference = open_here(database, shop)
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/antwoord", text="dag", way="mail", key=owner.field("key"))
    assert owner.told() == "Deze klant heeft geen mailadres gegeven."


def test_a_case_is_taken_and_somebody_else_must_mean_it(
    owner: Owner, other: Owner, database: Database, reference: str
) -> None:
    for one in (owner, other):
        one.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/toewijzen", owner="marieke")
    assert owner.told() == f"{reference} is van Marieke."
    other.post(f"/aanvraag/{reference}/toewijzen", owner="stephan")
    assert (other.status, other.told()[:42]) == (409, f"{reference} is van Marieke. Zet het vinkje")
    assert cases.get_case(database, reference).owner == "marieke"
    other.post(f"/aanvraag/{reference}/toewijzen", owner="stephan", force="y")
    assert other.told() == f"{reference} is van Stephan van Went."
    other.post(f"/aanvraag/{reference}/toewijzen", owner="-")
    assert other.told() == f"{reference} is van niemand."


@pytest.mark.parametrize("name", ["niemand-bekend", "desk", "", "x" * 65])
def test_a_case_is_not_given_to_who_does_not_exist(owner: Owner, database: Database, reference: str, name: str) -> None:
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/toewijzen", owner=name)
    assert owner.status == 400
    assert cases.get_case(database, reference).owner == ""


def test_a_note_is_kept_with_its_writer(owner: Owner, reference: str) -> None:
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/notitie", text="Bellen na 16 uur")
    assert owner.told() == "De notitie is bewaard. De klant ziet hem niet."
    assert "Bellen na 16 uur" in owner.page
    assert "schreef een notitie" in owner.page
    owner.post(f"/aanvraag/{reference}/notitie", text=" ")
    assert owner.told() == "Vul een tekst in."


def test_a_case_is_closed_with_a_reason_and_opened_again(owner: Owner, database: Database, reference: str) -> None:
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/sluiten", reason="")
    assert owner.told() == "Vul een tekst in."
    owner.post(f"/aanvraag/{reference}/sluiten", reason="klant reageerde niet meer")
    assert owner.told() == f"{reference} is gesloten."
    assert "Deze aanvraag is gesloten: klant reageerde niet meer." in owner.page
    assert "Antwoord versturen" not in owner.page
    owner.post(f"/aanvraag/{reference}/antwoord", text="toch nog", way="mail", key="k")
    assert (owner.status, owner.told()[:20]) == (409, "Dat kan niet meer. I")
    owner.post(f"/aanvraag/{reference}/sluiten", reason="nog eens")
    assert owner.status == 409
    owner.post(f"/aanvraag/{reference}/heropenen")
    assert owner.told() == f"{reference} is weer open."
    owner.post(f"/aanvraag/{reference}/heropenen")
    assert owner.status == 409


def test_a_faq_is_proposed_without_what_is_recognised_as_personal(owner: Owner, database: Database, shop: Shop) -> None:
    reference = open_case(database, shop, question="Mail me op jan@huis.nl of 06-12345678: mag magnesium bij bier?")
    cases.answer(database, reference, "Bel 020-1234567 gerust.", "marieke", shop, TUESDAY, key="k", way="mail")
    page = owner.get(f"/aanvraag/{reference}/faq")
    assert "Mail me op *** of ***: mag magnesium bij bier?</textarea>" in page
    assert "Bel *** gerust.</textarea>" in page
    for _ in range(2):
        owner.get(f"/aanvraag/{reference}/faq")
        owner.post(f"/aanvraag/{reference}/faq", question="Mag magnesium bij bier?", answer="Liever niet tegelijk.")
    assert owner.told().startswith("Het voorstel is bewaard.")
    with database.reading() as session:
        found = [(row.question, row.answer, row.author, row.state) for row in session.query(FaqProposal)]
    assert found == [("Mag magnesium bij bier?", "Liever niet tegelijk.", "marieke", "open")]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"question": "", "answer": "x"}, "Vul een tekst in."),
        ({"question": "x" * 301, "answer": "x"}, "Deze tekst is te lang."),
        ({"question": "x", "answer": "x" * 501}, "Deze tekst is te lang."),
    ],
)
def test_a_faq_that_can_not_be_taken_stays_on_the_page(
    owner: Owner, reference: str, fields: Dict[str, str], told: str
) -> None:
    owner.get(f"/aanvraag/{reference}/faq")
    owner.post(f"/aanvraag/{reference}/faq", **fields)
    assert (owner.status, owner.told()) == (400, told)
    assert fields["answer"] + "</textarea>" in owner.page


@pytest.fixture
def hostile(owner: Owner, database: Database, shop: Shop) -> str:
    """A request with script in every field that a customer or an owner fills."""
    reference = open_case(
        database,
        shop,
        question=SCRIPT * 100,
        subject=SCRIPT,
        name=SCRIPT[:100],
        order_number=SCRIPT[:64],
        channel=SCRIPT[:32],
        consent=cases.Consent(SCRIPT[:32], TUESDAY),
        transcript=[cases.Line("bot", SCRIPT), cases.Line(SCRIPT[:8], SCRIPT)],
        self_check={SCRIPT: SCRIPT, "lijst": [SCRIPT], "diep": {SCRIPT: SCRIPT}},
        notes=(SCRIPT,),
    )
    with database.session() as session:
        session.query(Case).update({"contact": SCRIPT})
    owner.get(f"/aanvraag/{reference}")
    owner.post(f"/aanvraag/{reference}/notitie", text=SCRIPT)
    owner.post(f"/aanvraag/{reference}/antwoord", text=SCRIPT, way="phone", key="k")
    owner.post(f"/aanvraag/{reference}/faq", question=SCRIPT, answer=SCRIPT)
    return reference


@pytest.mark.parametrize(
    "path", ["/", "/?zoek={script}", "/?van={script}", "/aanvraag/{reference}", "/aanvraag/{reference}/faq"]
)
def test_nothing_that_anybody_typed_becomes_markup(owner: Owner, hostile: str, path: str) -> None:
    page = owner.get(path.format(reference=hostile, script=SCRIPT))
    assert "alert(" in page or "van=" in path
    assert "<script>" not in page
    assert "<img" not in page
    assert "49" not in re.sub(r"csrf_token\" value=\"[^\"]+|[0-9a-f]{32}", "", page)
    for tag in re.findall(r"<[a-z][^>]*>", page):
        assert "alert(1)" not in re.sub(r'"[^"]*"', "", tag)


def test_script_as_a_reason_and_in_what_could_not_be_taken_stays_text(owner: Owner, hostile: str) -> None:
    owner.get(f"/aanvraag/{hostile}")
    owner.post(f"/aanvraag/{hostile}/antwoord", text=SCRIPT, way="duif", key="k2")
    assert "<script>" not in owner.page
    owner.post(f"/aanvraag/{hostile}/sluiten", reason=SCRIPT)
    assert "Deze aanvraag is gesloten: &lt;script&gt;" in owner.page


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_line_ends_in_a_field_write_no_header(owner: Owner, database: Database, reference: str, line_end: str) -> None:
    attack = f"x{line_end}Set-Cookie: a=b{line_end}{line_end}<b>"
    owner.get("/")
    for path, fields in {
        f"/aanvraag/{reference}/toewijzen": {"owner": attack},
        f"/aanvraag/{reference}/sluiten": {"reason": attack},
        "/gesprekken/overnemen": {"conversation": attack},
        "/gesprekken/afwijzen": {"conversation": attack},
    }.items():
        data = {"csrf_token": owner.token(), **fields}
        response = owner.client.post(path, base_url=owner.base_url, data=data)
        assert response.status_code in (302, 400)
        assert "a=b" not in str(response.headers)
    assert "\n" not in cases.get_case(database, reference).close_reason
    assert owner.client.get(f"/inloggen?next=/x{line_end}Set-Cookie: a=b", base_url=owner.base_url).status_code == 302


def test_a_long_question_is_shown_whole(owner: Owner, database: Database, shop: Shop) -> None:
    assert "x" * 10_000 in owner.get("/aanvraag/" + open_case(database, shop, question="x" * 10_000))


def test_with_the_database_gone_nothing_is_lost_silently(
    owner: Owner, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.get(f"/aanvraag/{reference}")
    key, token = owner.field("key"), owner.token()

    def fail(*_: Any, **__: Any) -> None:
        raise DeskUnavailable("locked")

    monkeypatch.setattr("desk.staff.case_pages.cases.answer", fail)
    owner.post(f"/aanvraag/{reference}/antwoord", _token=token, text="een lang antwoord", way="mail", key=key)
    assert owner.status == 503
    assert "Er is niets veranderd." in owner.page
    assert "een lang antwoord</textarea>" in owner.page


def test_with_the_database_gone_while_looking_who_you_are_the_page_says_so(
    owner: Owner, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise DeskUnavailable("locked")

    monkeypatch.setattr("desk.staff.login.accounts.get_account", fail)
    owner.get("/")
    assert owner.status == 503
    assert "De gegevens zijn nu niet bereikbaar." in owner.page


def test_answer_here_is_the_only_kind_that_offers_a_takeover(owner: Owner, database: Database, shop: Shop) -> None:
    by_mail, here = open_case(database, shop), open_here(database, shop)
    rest = open_here(database, shop, key="rest", channel="rest")
    assert "Overnemen</button>" not in owner.get(f"/aanvraag/{by_mail}")
    assert "Overnemen</button>" not in owner.get(f"/aanvraag/{rest}")
    assert "Overnemen</button>" in owner.get(f"/aanvraag/{here}")
    assert HERE.kind == "here"
