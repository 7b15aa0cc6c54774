"""The merged ranges of a sheet's XML."""

import re

from app.domain.workbook.model import Merge
from app.domain.workbook.places import column_index
from app.domain.workbook.remarks import Remarks

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})?\$?(\d{1,7})?(?::\$?([A-Z]{1,3})?\$?(\d{1,7})?)?$")
_LAST_ROW, _LAST_COLUMN = 1_048_575, 16_383


def read_merges(after: bytes, remarks: Remarks) -> list[Merge]:
    """Of what stands behind the rows; what names no cells is remarked on and left out."""
    found = []
    for reference in re.findall(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([^"]+)"', after):
        text = reference.decode("utf-8", "replace")
        merge = _range(text)
        if merge is None:
            remarks.add_at("MERGE_ODD", "", text)
        else:
            found.append(merge)
    return found


def _range(text: str) -> Merge | None:
    """`B2:C4`; whole columns (`A:B`) and rows (`1:3`) as far as they go."""
    match = _REFERENCE.match(text)
    if match is None:
        return None
    left, top, right, bottom = match.groups()
    if ":" not in text:
        right, bottom = left, top
        if not (left and top):
            return None
    if not (left or top) or (bool(left), bool(top)) != (bool(right), bool(bottom)):
        return None
    merge = Merge(
        int(top) - 1 if top else 0,
        column_index(left.encode()) if left else 0,
        int(bottom) - 1 if top else _LAST_ROW,
        column_index(right.encode()) if left else _LAST_COLUMN,
    )
    return merge if merge.top <= merge.bottom and merge.left <= merge.right else None
