"""The nutrient chain of `data/keten/keten.yml`, checked when it is loaded, and its graph.

The graph has a node for every link and every conversion. An edge runs from a conversion's substance and from each of
its helpers to the conversion, and from the conversion to what it makes, so that order, neighbours, paths and
everything downstream are questions to networkx.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import networkx as nx
from pydantic import BaseModel, Extra, Field, ValidationError, root_validator, validator
from ruamel.yaml.error import YAMLError

from content.reading import read_yaml

CHAIN_FILE = Path("data/keten/keten.yml")
MAX_TEXT = 500
MAX_TITLE = 20  # characters on a WhatsApp button

SUBSTANCE, HELPER, SIGNAL = "stof", "hulp", "sein"
NEEDED, HELPS, SUPPORTS, SUSPECTED = "nodig", "helpt", "steunt", "onderzoek"
_SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_COLOUR = r"^#[0-9a-f]{6}$"


class ChainError(Exception):
    """The chain's file is missing or wrong; the message names the file and the entry."""


class _Model(BaseModel):
    class Config:
        extra = Extra.forbid
        allow_mutation = False


def _not_empty(value: Tuple[str, ...]) -> Tuple[str, ...]:
    if not value:
        raise ValueError("at least one is needed")
    return value


class Source(_Model):
    """Where a statement comes from: a title, and a public address or the number of one of the shop's own documents."""

    titel: str = Field(min_length=5, max_length=200)
    url: str = Field("", regex=r"^(https://\S+)?$")
    document: str = Field("", regex=r"^(\d{3})?$")


class Statement(_Model):
    """One text with the ids of its sources and how sure it is (a key of `zekerheid`)."""

    tekst: str = Field(min_length=20, max_length=MAX_TEXT)
    bron: Tuple[str, ...]
    zekerheid: str

    _some = validator("bron", allow_reuse=True)(_not_empty)


class Link(_Model):
    """One link. `stap` is its text in the walk, None for a helper; `onderwerp` its name in data/faq/ or ''.

    `doel` says that customers mean this link when they speak of what the chain makes.
    """

    slug: str = Field(regex=_SLUG)
    titel: str = Field(min_length=2, max_length=MAX_TITLE)
    rol: str = Field(regex=f"^({SUBSTANCE}|{HELPER}|{SIGNAL})$")
    onderwerp: str
    doel: bool = False
    wat: Statement
    voeding: Statement
    te_weinig: Statement
    stap: Optional[Statement]


class Conversion(_Model):
    """One thing becomes another; `met` maps each helper to nodig, helpt, steunt or onderzoek."""

    van: str
    naar: str
    met: Dict[str, str]
    uitleg: Statement

    @validator("met")
    def _known_kinds(cls, value: Dict[str, str]) -> Dict[str, str]:
        for helper, kind in value.items():
            if kind not in (NEEDED, HELPS, SUPPORTS, SUSPECTED):
                raise ValueError(f"{helper}: '{kind}' is none of nodig, helpt, steunt, onderzoek")
        return value


class Blocker(_Model):
    """What makes the chain stall: heading, button, name within a sentence, and the link it hits first or ''."""

    slug: str = Field(regex=_SLUG)
    titel: str = Field(min_length=2, max_length=40)
    knop: str = Field(min_length=2, max_length=MAX_TITLE)
    naam: str = Field(min_length=2, max_length=40)
    raakt: str
    uitleg: Statement


class ButtonText(_Model):
    """A button: what stands on it and what pressing it says; both may hold {names}."""

    titel: str = Field(min_length=1, max_length=MAX_TITLE)
    tekst: str = Field(min_length=1, max_length=80)


class CheckQuestion(_Model):
    """One question of the self-check and the tip for those who answer one of `opletten`; `knop` asks answer `faq`."""

    titel: str = Field(min_length=3, max_length=24)
    opletten: Tuple[str, ...]
    schakels: Tuple[str, ...]
    tip: str = Field(min_length=10, max_length=90)
    faq: str
    knop: ButtonText

    _some = validator("opletten", "schakels", allow_reuse=True)(_not_empty)


class Check(_Model):
    """The self-check: introduction, known answers, questions in order, and what is said at the end."""

    inleiding: str = Field(max_length=MAX_TEXT)
    antwoorden: Tuple[str, ...]
    vragen: Dict[str, CheckQuestion]
    uitkomst: str
    uitkomst_zonder: str = Field(max_length=MAX_TEXT)


class Colours(_Model):
    """One theme's colours as #rrggbb."""

    achtergrond: str = Field(regex=_COLOUR)
    tekst: str = Field(regex=_COLOUR)
    stof: str = Field(regex=_COLOUR)
    stof_tekst: str = Field(regex=_COLOUR)
    hulp: str = Field(regex=_COLOUR)
    hulp_tekst: str = Field(regex=_COLOUR)
    lijn: str = Field(regex=_COLOUR)
    nadruk: str = Field(regex=_COLOUR)
    nadruk_tekst: str = Field(regex=_COLOUR)
    blokkade: str = Field(regex=_COLOUR)
    blokkade_tekst: str = Field(regex=_COLOUR)
    vaag: str = Field(regex=_COLOUR)
    vaag_tekst: str = Field(regex=_COLOUR)


class Look(_Model):
    """How the pictures look and what their alt texts are made of."""

    breedte: int = Field(ge=280, le=800)
    titel: str
    alt: str
    alt_stap: str
    alt_schakel: str
    alt_tekort: str
    alt_tekort_laatste: str
    alt_blokkade: str
    alt_blokkade_zonder: str
    alt_blokkade_los: str
    alt_check: str
    te_weinig: str
    let_op: str
    hapert: str
    legenda_direct: str
    legenda_indirect: str
    kleuren: Dict[str, Colours]

    @validator("kleuren")
    def _themes(cls, value: Dict[str, Colours]) -> Dict[str, Colours]:
        if list(value) != ["licht", "nacht"]:
            raise ValueError("the themes are licht and nacht, in this order")
        return value


class Chain(_Model):
    """The whole file. Dictionaries keep the file's order, which is the order in which things are named."""

    gecontroleerd: str = Field(regex=r"^\d{4}-\d\d-\d\d$")
    zekerheid: Dict[str, str]
    bronnen: Dict[str, Source]
    schakels: Dict[str, Link]
    omzettingen: Dict[str, Conversion]
    blokkades: Dict[str, Blocker]
    zinnen: Dict[str, str]
    knoppen: Dict[str, ButtonText]
    check: Check
    beeld: Look
    pagina: Dict[str, str]

    @root_validator(skip_on_failure=True)
    def _references(cls, values: Dict[str, Any]) -> Dict[str, Any]:
        links, problems = values["schakels"], []
        statements = [(f"schakels.{n}.{k}", s) for n, link in links.items() for k, s in _statements_of(link)]
        statements += [(f"omzettingen.{n}.uitleg", c.uitleg) for n, c in values["omzettingen"].items()]
        statements += [(f"blokkades.{n}.uitleg", b.uitleg) for n, b in values["blokkades"].items()]
        for place, statement in statements:
            problems += [
                f"{place}: source '{s}' is not in bronnen" for s in statement.bron if s not in values["bronnen"]
            ]
            if statement.zekerheid not in values["zekerheid"]:
                problems.append(f"{place}: '{statement.zekerheid}' is not in zekerheid")
        named = [
            (f"omzettingen.{name}", link)
            for name, conversion in values["omzettingen"].items()
            for link in (conversion.van, conversion.naar, *conversion.met)
        ]
        named += [
            (f"blokkades.{name}", blocker.raakt) for name, blocker in values["blokkades"].items() if blocker.raakt
        ]
        named += [(f"check.vragen.{n}", link) for n, q in values["check"].vragen.items() for link in q.schakels]
        problems += [f"{place}: '{link}' is no link of the chain" for place, link in named if link not in links]
        problems += _graph_problems(values) if not problems else []
        if problems:
            raise ValueError("; ".join(problems))
        return values

    @property
    def graph(self) -> nx.DiGraph:
        """Links and conversions; edges from helpers carry `soort`. Nodes of conversions are `conversion_node(id)`."""
        return _graph(self.schakels, self.omzettingen)


def _statements_of(link: Link) -> List[Tuple[str, Statement]]:
    parts = (("wat", link.wat), ("voeding", link.voeding), ("te_weinig", link.te_weinig), ("stap", link.stap))
    return [(key, statement) for key, statement in parts if statement is not None]


def conversion_node(conversion_id: str) -> str:
    """The graph's node for a conversion; can't clash with a link's name."""
    return f"omzetting:{conversion_id}"


def _graph(links: Dict[str, Link], conversions: Dict[str, Conversion]) -> nx.DiGraph:
    graph = nx.DiGraph()
    for place, name in enumerate(links):
        graph.add_node(name, place=place, conversion="")
    for place, (conversion_id, conversion) in enumerate(conversions.items()):
        node = conversion_node(conversion_id)
        graph.add_node(node, place=len(links) + place, conversion=conversion_id)
        graph.add_edge(conversion.van, node, soort=SUBSTANCE)
        graph.add_edge(node, conversion.naar, soort=SUBSTANCE)
        for helper, kind in conversion.met.items():
            graph.add_edge(helper, node, soort=kind)
    return graph


def _graph_problems(values: Dict[str, Any]) -> List[str]:
    """What would make the chain no chain: a circle, loose ends, a fork, two addresses alike."""
    links: Dict[str, Link] = values["schakels"]
    graph = _graph(links, values["omzettingen"])
    problems = [] if nx.is_directed_acyclic_graph(graph) else ["omzettingen: they run in a circle"]
    problems += [f"schakels.{name}: takes part in no conversion" for name in links if graph.degree(name) == 0]
    substances = [name for name, link in links.items() if link.rol == SUBSTANCE]
    ends = [name for name in substances if graph.out_degree(name) == 0]
    if len(ends) != 1:
        problems.append(f"omzettingen: the chain must end in one link, not in {', '.join(ends) or 'none'}")
    for name, link in links.items():
        if link.rol == SUBSTANCE and (graph.out_degree(name) > 1 or graph.in_degree(name) > 1):
            problems.append(f"schakels.{name}: the chain forks here")
        if link.rol != SUBSTANCE and (graph.in_degree(name) > 0 or graph.out_degree(name) != 1):
            problems.append(f"schakels.{name}: a helper serves exactly one conversion and is made by none")
        if link.rol == SUBSTANCE and link.stap is None:
            problems.append(f"schakels.{name}: a substance is a step of the walk and needs 'stap'")
    for what, slugs in (("schakels", [x.slug for x in links.values()]), ("blokkades", _slugs(values["blokkades"]))):
        problems += [f"{what}: the slug '{slug}' occurs twice" for slug in set(slugs) if slugs.count(slug) > 1]
    return problems


def _slugs(blockers: Dict[str, Blocker]) -> List[str]:
    return [blocker.slug for blocker in blockers.values()]


def chain_from_data(data: Any, name: str = str(CHAIN_FILE)) -> Chain:
    """Builds the chain from plain data.

    Args:
        data: the content of the file, with the key `keten`.
        name: the file's name, for messages.

    Raises:
        ChainError: something is missing, unknown or does not fit; names every entry that is wrong.
    """
    if not isinstance(data, dict) or not isinstance(data.get("keten"), dict):
        raise ChainError(f"{name}: the key 'keten' with the chain is expected at the top.")
    try:
        chain: Chain = Chain.parse_obj(data["keten"])
        return chain
    except ValidationError as error:
        problems = [f"{name}, {'.'.join(map(str, e['loc'])) or 'keten'}: {e['msg']}." for e in error.errors()]
        raise ChainError("\n".join(problems).replace("__root__: ", "")) from None


def read_chain(path: Path) -> Chain:
    """Reads and checks a chain file.

    Raises:
        ChainError: the file is missing, no YAML, or wrong.
    """
    try:
        data = read_yaml(path)
    except FileNotFoundError:
        raise ChainError(f"{path} is missing. It holds the nutrient chain; take it from the repository.") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise ChainError(f"{path} is no valid YAML: {error}") from None
    return chain_from_data(data, str(path))


@cache
def load_chain() -> Chain:
    """The product's own chain, read once per process. Raises `ChainError`."""
    return read_chain(CHAIN_FILE)
