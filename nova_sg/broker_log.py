# SPDX-License-Identifier: Apache-2.0

"""An outage of the message broker is logged once, and its end once.

oslo.messaging logs each attempt to connect, of each connection, and an agent
or a conductor has several. A filter on its logger lets the first line of an
outage through, and the first that says the broker is back::

    t=0   the broker is killed; connection A: "... is unreachable"  logged
    t=1   A again, and connection B                                 dropped
    t=9   the broker is back; A: "Reconnected"                      logged
    t=10  B, which has not tried since: "... is unreachable"        dropped
    t=11  B: "Reconnected"                                          dropped
    t=20  the broker is killed again; A: "... is unreachable"       logged

A connection tells of an outage only when it is used. So what is told soon
after an outage counts as a part of it, but for a connection that has said
meanwhile that it is back.

Lines that are not known here pass. All pass where an operator has the logger
at the level DEBUG (``[DEFAULT] default_log_levels``).
"""

from collections.abc import Mapping
import logging
import threading
import time

from nova_sg import forks

#: oslo.log names it so, whatever the module is called.
LOGGER = 'oslo.messaging._drivers.impl_rabbit'

#: In the templates of lines that tell of an outage. Only the first two name
#: their connection.
TROUBLE = (
    'is unreachable',
    'closed the connection',
    'Connection failed',
    'Unable to connect to AMQP server',
    'Failed to declare consumer',
    'Failed to consume message',
    'Failed to publish message',
    'Unexpected error during heartbeat',
)

#: In the template of a line that only says what is done next: a connection
#: has noticed an outage, and what comes of it is told by other lines.
NOTICED = 'A recoverable connection/channel error'

#: In the template of the line that tells of the end.
BACK = 'Reconnected to AMQP server'

#: In the text of an error that only an operator can mend.
_REFUSALS = ('ACCESS_REFUSED', 'NOT_ALLOWED')

#: Seconds that an attempt to connect takes at most, beside the pause before
#: it that a line names. Without a further line all are connected again: not
#: each connection says so.
_ATTEMPT = 15.0

#: Seconds within which each connection has noticed an outage: those that
#: nobody uses look at their heartbeat a few times a minute.
_NOTICING = 60.0


class OncePerOutage(logging.Filter):
    """Drops what repeats that the broker is unreachable. Thread safe.

    :ivar clock: returns seconds, and never runs backwards
    """

    clock = staticmethod(time.monotonic)

    def __init__(self) -> None:
        super().__init__()
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        # Kinds of trouble that were logged in this outage; none: all is well.
        self._logged: set[str] = set()
        # When the outage is over, if nothing more is told of it.
        self._over_at = 0.0
        # Since when the broker is back, and which connections have said so.
        self._back_at = float('-inf')
        self._back: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is to be logged."""
        template = str(record.msg)
        if BACK in template:
            return self._is_back(_connection(record)) or _debugging()
        if NOTICED in template:
            return self._is_news() or _debugging()
        if any(text in template for text in TROUBLE):
            return self._is_trouble(record) or _debugging()
        return True

    def _is_back(self, connection: str) -> bool:
        with self._lock:
            first = bool(self._logged)
            if first:
                self._logged.clear()
                self._back.clear()
                self._back_at = self.clock()
            self._back.add(connection)
            return first

    def _is_news(self) -> bool:
        with self._lock:
            now = self.clock()
            return not self._lasts(now) and now > self._back_at + _NOTICING

    def _is_trouble(self, record: logging.LogRecord) -> bool:
        error = _error(record)
        kind = next((each for each in _REFUSALS if each in str(error)), '')
        if not kind and _is_of_a_channel(error):
            return True
        connection = _connection(record)
        with self._lock:
            now = self.clock()
            if not self._lasts(now):
                if (
                    now <= self._back_at + _NOTICING
                    and connection not in self._back
                ):
                    return False
                self._logged.clear()
            self._over_at = max(self._over_at, now + _pause(record) + _ATTEMPT)
            first = kind not in self._logged
            self._logged.add(kind)
            return first

    def _lasts(self, now: float) -> bool:
        return bool(self._logged) and now <= self._over_at


def log_outages_once() -> None:
    """Have this process, which is nova_sg's own, log an outage once.

    Again is as good as once. Inside a nova the logs are nova's.
    """
    logger = logging.getLogger(LOGGER)
    if not any(isinstance(each, OncePerOutage) for each in logger.filters):
        logger.addFilter(OncePerOutage())


def _debugging() -> bool:
    return logging.getLogger(LOGGER).isEnabledFor(logging.DEBUG)


def _details(record: logging.LogRecord) -> Mapping[str, object]:
    return record.args if isinstance(record.args, Mapping) else {}


def _connection(record: logging.LogRecord) -> str:
    """Return which connection a line is of, '' where it does not say."""
    return str(_details(record).get('connection_id', ''))


def _error(record: logging.LogRecord) -> object:
    """Return the error of a line, the line where it names none."""
    if 'err_str' in _details(record):
        return _details(record)['err_str']
    return record.getMessage()


def _is_of_a_channel(error: object) -> bool:
    """Return whether the broker is there, and refused one thing."""
    return any(each.__name__ == 'ChannelError' for each in type(error).mro())


def _pause(record: logging.LogRecord) -> float:
    """Return the seconds until the next attempt, as a line names them."""
    pause = _details(record).get('sleep_time', 0.0)
    if isinstance(record.args, tuple) and len(record.args) == 2:
        pause = record.args[1]
    return float(pause) if isinstance(pause, int | float) else 0.0
