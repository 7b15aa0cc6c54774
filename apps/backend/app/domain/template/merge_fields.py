"""Fields of Word's mail merge become tags: MERGEFIELD, and IF and SKIPIF over them.

@see ECMA-376 part 1, 17.16: a complex field is `begin`, its instruction, `separate`, the text of
last time, `end`; in an instruction there may be fields.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from app.domain.columns import to_field
from app.domain.xml_safe import local

_MERGE_ONLY = frozenset(
    "MERGEFIELD SKIPIF NEXT NEXTIF ADDRESSBLOCK GREETINGLINE MERGEREC MERGESEQ".split()
)
_OPERATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_KEYWORD = re.compile(r"\s*([A-Za-z]+)")
_QUOTES = '"“”'
_CASES = {"upper": "|upper", "lower": "|lower", "caps": "|title", "firstcap": "|first_capital"}
_DATE_WORDS = re.compile(r"'[^']*'|am/pm|[a-z]+|[^a-z']+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """By name: the columns that were asked for, and the fields that are left as they were."""

    columns: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def plus(self, other: "TakenOver") -> "TakenOver":
        return TakenOver(
            tuple(dict.fromkeys((*self.columns, *other.columns))),
            tuple(dict.fromkeys((*self.left, *other.left))),
        )


@dataclass(frozen=True, slots=True)
class _Tag:
    """A field as an expression to compare with, and as what it prints."""

    expression: str
    printed: str


@dataclass(slots=True)
class _Field:
    instruction: list["str | _Field"] = field(default_factory=list)
    elements: list[etree._Element] = field(default_factory=list)
    shown: list[etree._Element] = field(default_factory=list)
    in_result: bool = False

    @property
    def keyword(self) -> str:
        first = self.instruction[0] if self.instruction else ""
        found = _KEYWORD.match(first) if isinstance(first, str) else None
        return found[1].upper() if found else ""

    @property
    def merges(self) -> bool:
        """It is one of a mail merge, or holds one."""
        inner = (part for part in self.instruction if isinstance(part, _Field))
        return self.keyword in _MERGE_ONLY or any(part.merges for part in inner)


def take_over(root: etree._Element) -> TakenOver:
    """Replace them in place."""
    columns: dict[str, None] = {}
    left: dict[str, None] = {}
    for element in list(root.iter("{*}fldSimple")):
        instruction = next((v for k, v in element.attrib.items() if str(k).endswith("instr")), "")
        _replace(_Field([str(instruction)], [element], list(element.iter("{*}t"))), columns, left)
    for found in _complex_fields(root):
        _replace(found, columns, left)
    return TakenOver(tuple(columns), tuple(left))


def _complex_fields(root: etree._Element) -> list[_Field]:
    """Those that stand in no other field; a field in a result is as old as the result."""
    whole: list[_Field] = []
    stack: list[_Field] = []
    for element in root.iter("{*}fldChar", "{*}instrText", "{*}t"):
        kind = local(element)
        if kind == "fldChar":
            mark = next(
                (v for k, v in element.attrib.items() if str(k).endswith("fldCharType")), ""
            )
            if mark == "begin":
                stack.append(_Field())
        for outer in stack:
            outer.elements.append(element)
        if not stack:
            continue
        if kind == "t":
            stack[0].shown.append(element)
        elif kind == "instrText" and not stack[-1].in_result:
            _add_text(stack[-1].instruction, element.text or "")
        elif kind == "fldChar" and mark == "separate":
            stack[-1].in_result = True
        elif kind == "fldChar" and mark == "end":
            ended = stack.pop()
            if not stack:
                whole.append(ended)
            elif not stack[-1].in_result:
                stack[-1].instruction.append(ended)
    return whole


def _add_text(instruction: list[str | _Field], text: str) -> None:
    if instruction and isinstance(instruction[-1], str):
        instruction[-1] += text
    else:
        instruction.append(text)


def _replace(found: _Field, columns: dict[str, None], left: dict[str, None]) -> None:
    if not found.merges:
        return
    names: list[str] = []
    first, last = found.elements[0], found.elements[-1]
    try:
        if _paragraph(first) is not _paragraph(last):
            raise _NoTag
        tag = _tag_of(found, names)
    except _NoTag:
        left.setdefault(found.keyword or "IF")
        return
    columns |= dict.fromkeys(names)
    like = next((e for e in found.shown if e.text), first)
    run = _run_like(like, tag.printed)
    at = first if local(first) == "fldSimple" else _run_of(first)
    parent = at.getparent()
    if parent is None:
        return
    parent.insert(parent.index(at), run)
    for element in found.elements:
        _remove(element)


def _run_like(element: etree._Element, text: str) -> etree._Element:
    """A run with `text` that looks like the one around `element`."""
    space = str(element.tag).rpartition("}")[0] + "}"
    run = etree.Element(f"{space}r")
    around = _run_of(element)
    properties = next((e for e in around if local(e) == "rPr"), None)
    if properties is not None:
        run.append(deepcopy(properties))
    made = etree.SubElement(run, f"{space}t")
    made.text = text
    made.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return run


def _run_of(element: etree._Element) -> etree._Element:
    return next((e for e in (element, *element.iterancestors()) if local(e) == "r"), element)


def _paragraph(element: etree._Element) -> etree._Element | None:
    return next((e for e in element.iterancestors() if local(e) == "p"), None)


def _remove(element: etree._Element) -> None:
    """With the run that held nothing else."""
    parent = element.getparent()
    if parent is None:
        return
    parent.remove(element)
    above = parent.getparent()
    if local(parent) == "r" and above is not None and all(local(e) == "rPr" for e in parent):
        above.remove(parent)


class _NoTag(Exception):
    """The field says what no tag does."""


def _tag_of(found: _Field, names: list[str]) -> _Tag:
    words = list(_words(found.instruction, names))
    texts = ["".join(p for p in word if isinstance(p, str)) for word in words]
    match found.keyword:
        case "MERGEFIELD" if len(words) > 1:
            return _merge_field(texts, names)
        case "IF" if len(words) in {5, 6}:
            test = _test(words)
            yes, no = _printed(words[4]), _printed(words[5]) if len(words) > 5 else ""
            return _Tag("", f"{{% if {test} %}}{yes}{{% else %}}{no}{{% endif %}}")
        case "SKIPIF" if len(words) == 4:
            test = _test(words)
            return _Tag("", f"{{% if {test} %}}{{{{ skip_row() }}}}{{% endif %}}")
        case _:
            raise _NoTag


_Word = list["str | _Tag"]


def _words(instruction: list["str | _Field"], names: list[str]) -> Iterator[_Word]:
    """The instruction's words; a quoted one may hold spaces, and any may hold fields."""
    word: _Word = []
    quoted = started = False
    for part in instruction:
        if isinstance(part, _Field):
            word.append(_tag_of(part, names))
            started = True
            continue
        for character in part:
            if character in _QUOTES:
                quoted, started = not quoted, True
            elif character.isspace() and not quoted:
                if started:
                    yield word
                word, started = [], False
            else:
                _add_character(word, character)
                started = True
    if started:
        yield word


def _add_character(word: _Word, character: str) -> None:
    if word and isinstance(word[-1], str):
        word[-1] += character
    else:
        word.append(character)


def _merge_field(words: list[str], names: list[str]) -> _Tag:
    name = to_field(words[1])
    if not name:
        raise _NoTag
    names.append(name)
    expression, before, after = name, "", ""
    switches = iter(words[2:])
    for switch in switches:
        value = next(switches, "") if switch.startswith("\\") else ""
        match switch:
            case "\\#":
                expression = f"raw.{name}|fmt({_literal(value)})"
            case "\\@":
                expression = f"raw.{name}|fmt({_literal(_date_format(value))})"
            case "\\*":
                expression += _CASES.get(value.lower(), "")
            case "\\b":
                before = value
            case "\\f":
                after = value
            case _:
                pass
    printed = f"{{{{ {expression} }}}}"
    if before or after:
        printed = f"{{% if {name} %}}{before}{printed}{after}{{% endif %}}"
    return _Tag(name, printed)


def _test(words: list[_Word]) -> str:
    operator = "".join(p for p in words[2] if isinstance(p, str))
    if operator not in _OPERATORS:
        raise _NoTag
    return f"{_expression(words[1])}|word_if({_literal(operator)}, {_expression(words[3])})"


def _expression(word: _Word) -> str:
    parts = [_literal(p) if isinstance(p, str) else p.expression or "''" for p in word]
    return f"({' ~ '.join(parts)})" if len(parts) > 1 else "".join(parts) or "''"


def _printed(word: _Word) -> str:
    return "".join(part if isinstance(part, str) else part.printed for part in word)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _date_format(picture: str) -> str:
    """Word's date picture in Excel's words: MMMM is mmmm, 'of' is "of"."""
    words = []
    for word in _DATE_WORDS.findall(picture):
        if word.startswith("'"):
            words.append(f'"{word[1:-1]}"')
        else:
            words.append("AM/PM" if word.lower() == "am/pm" else word.lower())
    return "".join(words)
