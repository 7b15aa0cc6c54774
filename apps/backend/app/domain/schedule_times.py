"""When a schedule is due: a cron expression, in the time of a place."""

from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from app.domain.refusal import Refused

MAX_CRON = 100
MAX_ZONE = 64
_FIELDS = 5
_HOW = "write minute, hour, day, month, weekday: 0 6 1 * * is 6:00 on the first of each month"


def upcoming(cron: str, zone: str, after: datetime, count: int) -> list[datetime]:
    """The first `count` moments after `after`, in UTC.

    As Debian's cron has it: what would fall into the hour that a change of the clocks leaves out
    is due right after it, and what falls into the hour that comes twice is due once; but for what
    is due every hour or more often, which goes by real time.

    Raises:
        Refused: `SCHEDULE_TIME`: no cron expression of five fields, or one that never comes;
            `SCHEDULE_ZONE`: there is no such place.
    """
    place = _place(zone)
    if len(cron.split()) != _FIELDS:
        raise Refused("SCHEDULE_TIME", f"{cron!r} has not five fields", _HOW)
    try:
        local = CronSim(cron, after.astimezone(place))
    except CronSimError as error:
        raise Refused("SCHEDULE_TIME", f"{cron!r}: {str(error).lower()}", _HOW) from error
    # in the hour that comes twice, CronSim may begin with what has been
    later = (moment for each in local if (moment := each.astimezone(UTC)) > after)
    found = list(islice(later, count))
    if not found:
        raise Refused("SCHEDULE_TIME", f"{cron!r} never comes", _HOW)
    return found


def following(cron: str, zone: str, after: datetime) -> datetime:
    """The first moment after `after`. Raises: Refused: as `upcoming`."""
    return upcoming(cron, zone, after, 1)[0]


def _place(zone: str) -> ZoneInfo:
    known = _zones()
    if zone not in known:
        near = get_close_matches(zone, known, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else "write Europe/Berlin, Asia/Shanghai or UTC"
        raise Refused("SCHEDULE_ZONE", f"there is no time zone {zone!r}", hint)
    return ZoneInfo(zone)


@lru_cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
