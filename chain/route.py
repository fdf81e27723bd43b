"""Order, neighbours and paths in the chain: every answer here is a question to networkx."""

from __future__ import annotations

from typing import List, Optional, Tuple

import networkx as nx

from chain.model import SUBSTANCE, Chain, Conversion

_ORDER = "order"  # the graph remembers it


def order(chain: Chain) -> List[str]:
    """All links from the beginning to the end: each substance, then the helpers of what it is changed into."""
    graph = chain.graph
    if _ORDER not in graph.graph:
        names: List[str] = []
        for node in nx.topological_sort(graph):
            if graph.nodes[node]["conversion"]:
                names += sorted(graph.predecessors(node), key=lambda link: chain.schakels[link].rol != SUBSTANCE)
        graph.graph[_ORDER] = (*names, *(node for node in chain.schakels if graph.out_degree(node) == 0))
    return list(graph.graph[_ORDER])


def steps(chain: Chain) -> List[str]:
    """The links of the walk, in order: those with a text for it."""
    return [name for name in order(chain) if chain.schakels[name].stap is not None]


def conversion_of(chain: Chain, link: str) -> Optional[str]:
    """Id of the conversion that a link takes part in on the way down; None for the last link."""
    graph = chain.graph
    for node in graph.successors(link):
        return str(graph.nodes[node]["conversion"])
    return None


def conversion_to(chain: Chain, link: str) -> Optional[str]:
    """Id of the conversion that makes a link; None for the first link and for helpers."""
    graph = chain.graph
    for node in graph.predecessors(link):
        return str(graph.nodes[node]["conversion"])
    return None


def downstream(chain: Chain, link: str) -> List[str]:
    """All links that come after this one, in order."""
    after = nx.descendants(chain.graph, link)
    return [name for name in order(chain) if name in after]


def conversions_between(chain: Chain, start: str, end: str) -> List[str]:
    """Ids of the conversions from one link down to another, in order; [] when no way leads there."""
    graph = chain.graph
    try:
        path = nx.shortest_path(graph, start, end)
    except nx.NetworkXNoPath:
        return []
    return [str(graph.nodes[node]["conversion"]) for node in path if graph.nodes[node]["conversion"]]


def step_of(chain: Chain, link: str) -> Tuple[int, str]:
    """Number (from 1) and link of the walk's step that a link belongs to: its own, or that of what it helps change."""
    names = steps(chain)
    if link not in names:
        conversion = conversion_of(chain, link)
        assert conversion is not None  # a helper serves a conversion, or the file is refused
        link = chain.omzettingen[conversion].van
    return names.index(link) + 1, link


def main_conversions(chain: Chain) -> List[Tuple[str, Conversion]]:
    """All conversions from the beginning of the chain to its end."""
    names = order(chain)
    return sorted(chain.omzettingen.items(), key=lambda item: names.index(item[1].naar))


def ends(chain: Chain) -> Tuple[str, str]:
    """First and last substance."""
    substances = [name for name in order(chain) if chain.schakels[name].rol == SUBSTANCE]
    return substances[0], substances[-1]
