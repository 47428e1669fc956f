# SPDX-License-Identifier: Apache-2.0

"""How REST and the commands write a time."""

import datetime

FORMAT = '%04d-%02d-%02dT%02d:%02d:%02d.%06d'


def text(moment: datetime.datetime | None) -> str | None:
    """Return a time, aware and in UTC, as nova's REST API writes it."""
    if moment is None:
        return None
    # What isoformat() makes, without the offset, in a third of its time.
    return FORMAT % (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
    )
