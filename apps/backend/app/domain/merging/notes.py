"""Footnotes, endnotes and comments of all documents in one part each."""

from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from app.domain.merging.growing import Growing
from app.domain.merging.names import found, w
from app.domain.merging.package import Package

_MARKS = {
    "footnote": ("footnoteReference",),
    "endnote": ("endnoteReference",),
    "comment": ("commentReference", "commentRangeStart", "commentRangeEnd"),
}


@dataclass
class Notes:
    """The notes of the merged document, which grow with each."""

    growing: Growing
    _next: dict[str, int] = field(default_factory=dict)

    def take(self, package: Package, body: etree._Element) -> list[etree._Element]:
        """Take the notes over that the body refers to, by new numbers; returns them."""
        taken: list[etree._Element] = []
        for kind, marks in _MARKS.items():
            theirs, ours = package.related(f"{kind}s"), self.growing.first.related(f"{kind}s")
            if theirs is None or ours is None:
                continue
            notes = {each.get(w("id")): each for each in package.tree(theirs).findall(w(kind))}
            new: dict[str, str] = {}
            for mark in found(body, " | ".join(f".//w:{name}" for name in marks)):
                before = mark.get(w("id")) or ""
                if before in notes and before not in new:
                    new[before] = self._add(kind, ours, notes[before])
                if before in new:
                    mark.set(w("id"), new[before])
            made = list(self.growing.first.tree(ours))[-len(new) :] if new else []
            self.growing.adopt(package, theirs, ours, made)
            taken += made
        return taken

    def _add(self, kind: str, ours: str, note: etree._Element) -> str:
        root = self.growing.first.tree(ours)
        if kind not in self._next:
            known = (int(each.get(w("id")) or 0) for each in root.findall(w(kind)))
            self._next[kind] = max(known, default=0) + 1
        key = str(self._next[kind])
        self._next[kind] += 1
        made = deepcopy(note)
        made.set(w("id"), key)
        root.append(made)
        return key
