"""What a chart leaves unsaid, said: programs differ on it, and some take an empty cell for 0."""

from lxml import etree

C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_BEHIND_NUMBERS = ("cat", "val", "trendline", "errBars", "dLbls", "dPt", "pictureOptions")
_SHOWN = (
    *("showLegendKey", "showVal", "showCatName", "showSerName", "showPercent", "showBubbleSize"),
    *("separator", "showLeaderLines", "leaderLines", "extLst"),
)
_UNSAID: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("chart", "autoTitleDeleted", "0", ("pivotFmts", "plotArea")),
    ("chart", "dispBlanksAs", "gap", ("showDLblsOverMax", "extLst")),
    ("title", "overlay", "0", ("spPr", "txPr")),
    ("legend", "overlay", "0", ("spPr", "txPr")),
    *((f"{kind}Chart", "varyColors", "0", ("ser",)) for kind in ("bar", "line", "area")),
    ("barChart/c:ser", "invertIfNegative", "0", _BEHIND_NUMBERS),
    ("lineChart/c:ser", "smooth", "0", ("extLst",)),
    *((axis, "delete", "0", ("axPos",)) for axis in ("catAx", "valAx")),
    *(("dLbls", name, "0", _SHOWN[at + 1 :]) for at, name in enumerate(_SHOWN[:6])),
)
"""Of each parent: an element, its value, and what it stands before."""


def say_what_is_unsaid(root: etree._Element) -> None:
    """Add to a `c:chartSpace` what readers would have to guess."""
    for parent, name, value, followers in _UNSAID:
        found = root.xpath(f".//c:{parent}", namespaces={"c": C})
        for element in found if isinstance(found, list) else ():
            if isinstance(element, etree._Element) and element.find(f"{{{C}}}{name}") is None:
                behind = {f"{{{C}}}{each}" for each in followers}
                places = [at for at, each in enumerate(element) if each.tag in behind]
                made = etree.Element(f"{{{C}}}{name}", {"val": value})
                element.insert(places[0] if places else len(element), made)
