"""Draws the chain with networkx and matplotlib, from the data alone. Slow the first time, hence `chain/album.py`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from threading import Lock
from typing import Any, Dict, List, Tuple

from chain import route
from chain.gallery import Picture
from chain.model import HELPS, NEEDED, SUBSTANCE, Chain, Colours, conversion_node

SVG, PNG = "svg", "png"
FORMATS = (SVG, PNG)
_PNG_SCALE = 2  # pixels per pixel of the layout, for sharp phone screens
_ROW = 74  # height of a row
_HELPER = 42  # height of a helper with the space under it
_TOP, _BOTTOM = 58, 58
_LARGE, _SMALL, _TINY = 15.0, 12.5, 11.5  # font sizes in layout pixels
_FONT = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same
_FONTS_OF_A_BROWSER = f"'{_FONT}', Verdana, sans-serif".encode()  # Verdana is as wide, so text keeps within its box
# networkx and matplotlib keep global state while they draw.
_drawing = Lock()

Position = Tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everything stands: centres of links and conversions in pixels from the lower left, and the size."""

    places: Dict[str, Position]
    width: int
    height: int


def layout(chain: Chain) -> Layout:
    """Substances in one column from top to bottom; the helpers of a conversion to its left and right in turn."""
    width = chain.beeld.breedte
    centre, side = width / 2, width * 0.168
    down: Dict[str, Position] = {}
    depth = float(_TOP)
    conversions = route.main_conversions(chain)
    down[conversions[0][1].van] = (centre, depth)
    for conversion_id, conversion in conversions:
        helpers = list(conversion.met)
        rows = max(1, (len(helpers) + 1) // 2)
        gap = max(_ROW, 30 + rows * _HELPER + 12)
        middle = depth + gap / 2
        down[conversion_node(conversion_id)] = (centre, middle)
        for place, helper in enumerate(helpers):
            in_column = (len(helpers) + 1 - place % 2) // 2
            offset = (place // 2 - (in_column - 1) / 2) * _HELPER
            down[helper] = (side if place % 2 == 0 else width - side, middle + offset)
        depth += gap
        down[conversion.naar] = (centre, depth)
    height = int(depth + _BOTTOM)
    return Layout({node: (x, height - y) for node, (x, y) in down.items()}, width, height)


def draw(chain: Chain, picture: Picture, theme: str, file_format: str) -> bytes:
    """Draws one picture.

    Args:
        chain: the chain.
        picture: what is marked in it.
        theme: a key of `beeld.kleuren`.
        file_format: SVG (with real text and the alt text as its title) or PNG (twice as large).

    Returns:
        The file's content.

    Raises:
        KeyError: there is no such theme.
    """
    with _drawing:
        return _draw(chain, picture, chain.beeld.kleuren[theme], file_format)


def _draw(chain: Chain, picture: Picture, colours: Colours, file_format: str) -> bytes:
    # Imported here, for it takes half a second and most answers need no picture.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plan = layout(chain)
    settings = {"svg.fonttype": "none", "svg.hashsalt": picture.name, "font.family": _FONT}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(plan.width / 72, plan.height / 72), dpi=72, facecolor=colours.achtergrond)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, plan.width)
        axes.set_ylim(0, plan.height)
        axes.axis("off")
        _draw_arrows(chain, picture, colours, plan, axes)
        _draw_links(chain, picture, colours, plan, axes)
        _draw_caption(picture.caption or chain.beeld.titel, colours, plan, axes)
        _draw_legend(chain, colours, plan, axes)
        target = io.BytesIO()
        if file_format == SVG:
            metadata = {"Date": None, "Creator": None, "Title": picture.alt, "Language": "nl"}
            figure.savefig(target, format="svg", metadata=metadata)
        else:
            figure.savefig(target, format="png", dpi=72 * _PNG_SCALE, metadata={"Software": None, "Title": picture.alt})
    content = target.getvalue()
    return content.replace(f"'{_FONT}'".encode(), _FONTS_OF_A_BROWSER) if file_format == SVG else content


def _draw_arrows(chain: Chain, picture: Picture, colours: Colours, plan: Layout, axes: Any) -> None:
    import networkx as nx

    graph = chain.graph
    quiet = picture.faded
    for edge in graph.edges:
        start, end = edge
        kind = graph.edges[edge]["soort"]
        faint = start in quiet or end in quiet or bool(quiet & set(graph.successors(end)))
        main = kind == SUBSTANCE
        into_link = end in chain.schakels
        nx.draw_networkx_edges(
            graph,
            plan.places,
            edgelist=[edge],
            ax=axes,
            arrows=True,
            arrowstyle="-|>" if into_link else "-",
            arrowsize=14,
            width=2.6 if main else 1.4,
            style="solid" if kind in (SUBSTANCE, NEEDED, HELPS) else (0, (3, 2)),
            edge_color=colours.vaag if faint else colours.lijn,
            node_size=0,
            min_source_margin=0,
            min_target_margin=20 if into_link else 0,
        )


def _box(chain: Chain, picture: Picture, colours: Colours, link: str) -> Dict[str, Any]:
    """Colours and border of a link's box."""
    main = chain.schakels[link].rol == SUBSTANCE
    fill, text = (colours.stof, colours.stof_tekst) if main else (colours.hulp, colours.hulp_tekst)
    edge = fill if main else colours.lijn
    if link in picture.faded:
        fill, text, edge = colours.vaag, colours.vaag_tekst, colours.vaag
    if link in picture.marked:
        fill, text, edge = colours.nadruk, colours.nadruk_tekst, colours.tekst
    if link in picture.blocked:
        fill, text, edge = colours.blokkade, colours.blokkade_tekst, colours.tekst
    strong = link in picture.marked or link in picture.blocked
    dashed = not main and _indirect(chain, link)
    return {"fill": fill, "text": text, "edge": edge, "width": 2.2 if strong else 1.1, "dashed": dashed}


def _indirect(chain: Chain, link: str) -> bool:
    conversion = route.conversion_of(chain, link)
    return conversion is not None and chain.omzettingen[conversion].met.get(link) not in (NEEDED, HELPS)


def _draw_links(chain: Chain, picture: Picture, colours: Colours, plan: Layout, axes: Any) -> None:
    import networkx as nx

    for link, entry in chain.schakels.items():
        box = _box(chain, picture, colours, link)
        main = entry.rol == SUBSTANCE
        label = entry.titel
        if picture.label and (link in picture.blocked or link in picture.marked):
            label = f"{label}\n{_sign(picture)} {picture.label}"
        nx.draw_networkx_labels(
            chain.graph,
            plan.places,
            labels={link: label},
            ax=axes,
            font_size=_LARGE if main else _SMALL,
            font_weight="bold" if main or box["width"] > 2 else "normal",
            font_family=_FONT,
            font_color=box["text"],
            clip_on=False,
            bbox={
                "boxstyle": f"round,pad={0.5 if main else 0.42},rounding_size={0.55 if main else 0.9}",
                "facecolor": box["fill"],
                "edgecolor": box["edge"],
                "linewidth": box["width"],
                "linestyle": (0, (3, 2)) if box["dashed"] else "solid",
            },
        )


def _sign(picture: Picture) -> str:
    """Colour alone must not carry the meaning: a cross for blocked, an exclamation mark for attention."""
    return "✕" if picture.blocked else "!"


def _draw_caption(caption: str, colours: Colours, plan: Layout, axes: Any) -> None:
    """A heading above the chain: the blocker's name, else what the picture is."""
    place = {"x": plan.width / 2, "y": plan.height - 18, "ha": "center", "va": "center"}
    axes.text(s=caption, fontsize=_SMALL, fontweight="bold", color=colours.tekst, family=_FONT, **place)


def _draw_legend(chain: Chain, colours: Colours, plan: Layout, axes: Any) -> None:
    """How to read the two kinds of border."""
    entries: List[Tuple[float, str, Any]] = [
        (plan.width * 0.05, chain.beeld.legenda_direct, "solid"),
        (plan.width * 0.46, chain.beeld.legenda_indirect, (0, (3, 2))),
    ]
    for x, text, style in entries:
        axes.plot([x, x + 26], [14, 14], color=colours.lijn, linewidth=1.6, linestyle=style)
        axes.text(x + 33, 14, text, fontsize=_TINY, color=colours.tekst, va="center", family=_FONT)
