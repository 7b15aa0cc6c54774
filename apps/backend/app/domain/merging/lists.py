"""Numbered lists begin anew in every document."""

from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from app.domain.merging.names import PARAGRAPH, child, found, w
from app.domain.merging.package import Package

_LEVELS = 9


@dataclass(frozen=True, slots=True)
class _Numbered:
    """What a paragraph's style says of its number, and of its indents."""

    list_id: str
    level: str
    indents: etree._Element | None


@dataclass
class Lists:
    """The lists of the merged document: those of the template, and a copy for each document."""

    numbering: etree._Element | None
    _styles: dict[str, _Numbered] = field(default_factory=dict)
    _by_id: dict[str, etree._Element] = field(default_factory=dict)
    _next: int = 1

    @classmethod
    def of(cls, package: Package) -> "Lists":
        """Those of a document, whose `numbering.xml` grows with what is restarted."""
        name = package.related("numbering")
        if name is None:
            return cls(None)
        numbering = package.tree(name)
        lists = cls(numbering)
        for each in numbering.findall(w("num")):
            lists._by_id[each.get(w("numId")) or ""] = each
        lists._next = max((int(key) for key in lists._by_id if key.isdecimal()), default=0) + 1
        styles = package.related("styles")
        if styles is not None:
            lists._styles = _numbered_styles(package.tree(styles), lists)
        return lists

    def restart(self, body: etree._Element) -> None:
        """Give the document's paragraphs lists of their own, which begin where the first's do."""
        if self.numbering is None:
            return
        own: dict[str, str] = {}
        for style, numbered in self._styles.items():
            for named in found(body, f".//w:pPr[not(w:numPr)]/w:pStyle[@w:val={_quoted(style)}]"):
                _number(named, numbered)
        for used in found(body, ".//w:numPr/w:numId"):
            before = used.get(w("val")) or ""
            if before not in self._by_id or before in own.values():
                continue
            if before not in own:
                own[before] = self._copy(before)
            used.set(w("val"), own[before])

    def levels_of(self, list_id: str) -> list[etree._Element]:
        """The levels as the abstract list has them, which may name another's by its style."""
        if self.numbering is None or list_id not in self._by_id:
            return []
        named = self._by_id[list_id].find(w("abstractNumId"))
        wanted = named.get(w("val")) if named is not None else None
        for each in self.numbering.findall(w("abstractNum")):
            if each.get(w("abstractNumId")) == wanted:
                link = each.find(w("numStyleLink"))
                return (self._linked(link.get(w("val"))) if link is not None else each).findall(
                    w("lvl")
                )
        return []

    def _linked(self, style: str | None) -> etree._Element:
        for link in (
            found(self.numbering, "./w:abstractNum/w:styleLink")
            if self.numbering is not None
            else ()
        ):
            parent = link.getparent()
            if link.get(w("val")) == style and parent is not None:
                return parent
        return etree.Element(w("abstractNum"))

    def _copy(self, list_id: str) -> str:
        """A list like that one, of which every level starts anew; its id."""
        made = deepcopy(self._by_id[list_id])
        key = str(self._next)
        self._next += 1
        made.set(w("numId"), key)
        starts = {each.get(w("ilvl")): each.find(w("start")) for each in self.levels_of(list_id)}
        for level in map(str, range(_LEVELS)):
            override = next(
                (o for o in made.findall(w("lvlOverride")) if o.get(w("ilvl")) == level), None
            )
            if override is None:
                override = etree.SubElement(made, w("lvlOverride"), {w("ilvl"): level})
            if override.find(w("startOverride")) is None:
                start = override.find(f"{w('lvl')}/{w('start')}")
                start = start if start is not None else starts.get(level)
                value = start.get(w("val")) if start is not None else None
                override.insert(0, etree.Element(w("startOverride"), {w("val"): value or "1"}))
        if self.numbering is not None:
            self.numbering.insert(end_of(self.numbering), made)
        return key


def end_of(numbering: etree._Element) -> int:
    """Where a list is added: what may follow them (`w:numIdMacAtCleanup`) stays behind."""
    before = (w("numPicBullet"), w("abstractNum"), w("num"))
    return max((at for at, each in enumerate(numbering, 1) if each.tag in before), default=0)


def _number(named: etree._Element, numbered: _Numbered) -> None:
    """Say in the paragraph what its style says, so that the list can be another one."""
    properties = named.getparent()
    if properties is None:
        return
    made = child(properties, "numPr", (*PARAGRAPH, "numPr"))
    etree.SubElement(made, w("ilvl"), {w("val"): numbered.level})
    etree.SubElement(made, w("numId"), {w("val"): numbered.list_id})
    if numbered.indents is not None and properties.find(w("ind")) is None:
        order = (*PARAGRAPH, "numPr", *_BEFORE_INDENTS, "ind")
        properties.insert(_place(properties, order), deepcopy(numbered.indents))


_BEFORE_INDENTS = (
    *("suppressLineNumbers", "pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku", "wordWrap"),
    *("overflowPunct", "topLinePunct", "autoSpaceDE", "autoSpaceDN", "bidi", "adjustRightInd"),
    *("snapToGrid", "spacing"),
)


def _place(parent: etree._Element, order: tuple[str, ...]) -> int:
    before = {w(each) for each in order[:-1]}
    return max((i + 1 for i, each in enumerate(parent) if each.tag in before), default=0)


def _numbered_styles(styles: etree._Element, lists: Lists) -> dict[str, _Numbered]:
    """The paragraph styles that number, themselves or by what they are based on."""
    by_id = {each.get(w("styleId")) or "": each for each in styles.findall(w("style"))}
    numbered: dict[str, _Numbered] = {}
    for key in by_id:
        chain = _chain(by_id, key)
        list_id = _first(chain, "w:pPr/w:numPr/w:numId/@w:val")
        if not list_id or list_id == "0":
            continue
        level = _first(chain, "w:pPr/w:numPr/w:ilvl/@w:val") or _level_of(lists, list_id, key)
        indents = next((i for s in chain for i in found(s, "w:pPr/w:ind")), None)
        numbered[key] = _Numbered(list_id, level, indents)
    return numbered


def _chain(by_id: dict[str, etree._Element], key: str) -> list[etree._Element]:
    """A style and those that it is based on."""
    chain: list[etree._Element] = []
    while key in by_id and by_id[key] not in chain:
        chain.append(by_id[key])
        based = by_id[key].find(w("basedOn"))
        key = (based.get(w("val")) or "") if based is not None else ""
    return chain


def _first(chain: list[etree._Element], path: str) -> str:
    element, _, _attribute = path.rpartition("/@")
    return next((e.get(w("val")) or "" for style in chain for e in found(style, element)), "")


def _level_of(lists: Lists, list_id: str, style: str) -> str:
    for level in lists.levels_of(list_id):
        named = level.find(w("pStyle"))
        if named is not None and named.get(w("val")) == style:
            return level.get(w("ilvl")) or "0"
    return "0"


def _quoted(text: str) -> str:
    """A text in an XPath; a style's id has no quotation marks of both kinds."""
    return f'"{text}"' if '"' not in text else f"'{text}'"
