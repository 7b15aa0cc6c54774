"""XML from strangers: no entity is expanded, no network is used, no schema is loaded."""

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from app.domain.refusal import Refused


def parse(data: bytes, what: str) -> etree._Element:
    """Raises: Refused: `XML_DAMAGED` or `XML_DOCTYPE`, naming `what`."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(what, error) from error
    _refuse_doctype(root, what)
    return root


def elements(stream: IO[bytes], what: str, *tags: str) -> Iterator[etree._Element]:
    """The elements of these tags as they end; each is emptied once the caller is done with it."""
    try:
        parser: Any = etree.iterparse(
            stream,
            events=("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
        )
        for _event, element in parser:
            _refuse_doctype(element, what)
            yield element
            element.clear()
            while (previous := element.getprevious()) is not None:
                parent = previous.getparent()
                if parent is None:
                    break
                parent.remove(previous)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise damaged(what, error) from error


def _refuse_doctype(element: Any, what: str) -> None:
    if element.getroottree().docinfo.doctype:
        raise Refused("XML_DOCTYPE", f"{what} declares a document type, which no Office file does")


def damaged(what: str, error: Exception) -> Refused:
    return Refused("XML_DAMAGED", f"{what} is not well-formed: {str(error)[:200]}")


def local(element: etree._Element) -> str:
    """The name without its namespace; transitional and strict files differ in nothing else."""
    return str(element.tag).rpartition("}")[2]
