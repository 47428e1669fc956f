# SPDX-License-Identifier: Apache-2.0

"""A host whose clock is wrong.

All of nova, oslo.db and oslo.messaging ask
``oslo_utils.timeutils`` and ``time.time`` for the time of day. The time by
which they wait goes on as it is.
"""

import datetime
import os
import time

from oslo_utils import timeutils

_OFFSET = float(os.environ['NOVA_SG_TEST_CLOCK'])

_time = time.time
_utcnow = timeutils.utcnow
_utcnow_ts = timeutils.utcnow_ts


def _wrong_utcnow(with_timezone: bool = False) -> datetime.datetime:
    return _utcnow(with_timezone) + datetime.timedelta(seconds=_OFFSET)


time.time = lambda: _time() + _OFFSET
timeutils.utcnow = _wrong_utcnow
timeutils.utcnow_ts = lambda *given, **named: (
    _utcnow_ts(*given, **named) + _OFFSET
)
