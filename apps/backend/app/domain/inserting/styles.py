"""Styles and lists that an inserted document brings along."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from app.domain.merging.growing import Growing
from app.domain.merging.lists import end_of
from app.domain.merging.names import W, found, w
from app.domain.merging.package import Package, to_xml

_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_NAMED = ("pStyle", "rStyle", "tblStyle")
_IDENTITIES = ("nsid", "tmpl")
"""By which Word takes two lists for one."""


@dataclass
class Looks:
    """The styles and lists of a document that others are inserted into."""

    growing: Growing
    styles: etree._Element = field(init=False)
    numbering: etree._Element = field(init=False)

    def __post_init__(self) -> None:
        self.styles = _tree(self.growing.first, "styles", "styles")
        self.numbering = _tree(self.growing.first, "numbering", "numbering")

    def finish(self) -> None:
        """Add the parts that the document did not have."""
        for kind, tree in (("styles", self.styles), ("numbering", self.numbering)):
            if len(tree) and self.growing.first.related(kind) is None:
                name, content_type = f"word/{kind}-inserted.xml", f"{_CONTENT}.{kind}+xml"
                self.growing.add(name, to_xml(tree), content_type, f"{_KINDS}/{kind}")

    def take(self, package: Package, blocks: Iterable[etree._Element]) -> None:
        """Have `blocks`, of `package`, use the styles of the same name here, or bring their own."""
        _Taking(self, package).adopt(list(blocks))


class _Taking:
    def __init__(self, looks: Looks, package: Package) -> None:
        self._looks = looks
        styles, lists = _tree(package, "styles", "styles"), _tree(package, "numbering", "numbering")
        self._theirs = {each.get(w("styleId")) or "": each for each in styles.findall(w("style"))}
        self._nums = {each.get(w("numId")): each for each in lists.findall(w("num"))}
        self._lists = {
            each.get(w("abstractNumId")): each for each in lists.findall(w("abstractNum"))
        }
        self._style_ids: dict[str, str] = {}
        self._num_ids: dict[str, str] = {}
        self._list_ids: dict[str, str] = {}

    def adopt(self, roots: list[etree._Element]) -> None:
        for root in roots:
            for each in found(root, " | ".join(f".//w:{name}" for name in _NAMED)):
                each.set(w("val"), self._style(each.get(w("val")) or ""))
            for each in found(root, ".//w:numPr/w:numId"):
                each.set(w("val"), self._num(each.get(w("val")) or ""))

    def _style(self, key: str) -> str:
        """The id here of one of their styles."""
        if key in self._style_ids or key not in self._theirs:
            return self._style_ids.get(key, key)
        style, ours = self._theirs[key], self._looks.styles
        for each in ours.findall(w("style")):
            if _name(each) == _name(style) and each.get(w("type")) == style.get(w("type")):
                self._style_ids[key] = each.get(w("styleId")) or key
                return self._style_ids[key]
        made = deepcopy(style)
        taken = {each.get(w("styleId")) for each in ours.findall(w("style"))}
        self._style_ids[key] = _free(key, taken)
        made.set(w("styleId"), self._style_ids[key])
        made.attrib.pop(w("default"), "")
        ours.append(made)
        for each in found(made, "./w:basedOn | ./w:next | ./w:link"):
            each.set(w("val"), self._style(each.get(w("val")) or ""))
        for each in found(made, ".//w:numPr/w:numId"):
            each.set(w("val"), self._num(each.get(w("val")) or ""))
        return self._style_ids[key]

    def _num(self, key: str) -> str:
        """The id here of one of their lists, which counts for itself."""
        if key in self._num_ids or key not in self._nums:
            return self._num_ids.get(key, key)
        numbering = self._looks.numbering
        made = deepcopy(self._nums[key])
        self._num_ids[key] = _next(numbering, "num", "numId")
        made.set(w("numId"), self._num_ids[key])
        numbering.insert(end_of(numbering), made)
        for each in made.findall(w("abstractNumId")):
            each.set(w("val"), self._list(each.get(w("val")) or ""))
        return self._num_ids[key]

    def _list(self, key: str) -> str:
        if key in self._list_ids or key not in self._lists:
            return self._list_ids.get(key, key)
        numbering = self._looks.numbering
        made = deepcopy(self._lists[key])
        self._list_ids[key] = _next(numbering, "abstractNum", "abstractNumId")
        made.set(w("abstractNumId"), self._list_ids[key])
        for each in list(made):
            if each.tag in {w(name) for name in _IDENTITIES}:
                made.remove(each)
        at = sum(each.tag in (w("numPicBullet"), w("abstractNum")) for each in numbering)
        numbering.insert(at, made)
        for each in list(found(made, ".//w:pStyle | ./w:numStyleLink | ./w:styleLink")):
            each.set(w("val"), self._style(each.get(w("val")) or ""))
        return self._list_ids[key]


def _tree(package: Package, kind: str, root: str) -> etree._Element:
    name = package.related(kind)
    return etree.Element(w(root), nsmap={"w": W}) if name is None else package.tree(name)


def _name(style: etree._Element) -> str:
    named = style.find(w("name"))
    return ((named.get(w("val")) or "") if named is not None else "").casefold()


def _free(key: str, taken: set[str | None]) -> str:
    number = 2
    free = key
    while free in taken:
        free, number = f"{key}_{number}", number + 1
    return free


def _next(numbering: etree._Element, tag: str, key: str) -> str:
    known = (each.get(w(key)) or "" for each in numbering.findall(w(tag)))
    return str(max((int(each) for each in known if each.isdecimal()), default=0) + 1)
