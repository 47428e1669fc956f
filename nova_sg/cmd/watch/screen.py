# SPDX-License-Identifier: Apache-2.0

"""What a full screen shows of the services, apart from any terminal.

A screen is laid out as lines of (text, style); ``terminal`` draws them::

    2 services: 1 up, 1 down; 0 disabled, 0 forced down      08:31:48Z
    HOST  BINARY        ZONE  STATUS    STATE  CHANGED    REASON
    c1    nova-compute  nova  enabled   down   08:31:46Z  stopped, last ...
    c2    nova-compute  nova  enabled   up
    -- Transitions
    08:31:46Z c1 nova-compute: up -> down
    q quit  / filter  a all or not fine  s sort  p pause
"""

import collections
from collections.abc import Sequence
import datetime
import itertools
import unicodedata

from nova_sg import texts
from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import stream
from nova_sg.cmd.watch import transitions
from nova_sg.servicegroup import liveness

#: How a piece of text looks: a terminal chooses the colours.
PLAIN = 'plain'
TITLE = 'title'
GOOD = 'good'
BAD = 'bad'
DOUBTFUL = 'doubtful'
DIM = 'dim'
ALARM = 'alarm'

Line = list[tuple[str, str]]

_STYLES = {
    liveness.UP: GOOD,
    liveness.DOWN: BAD,
    liveness.UNKNOWN: DOUBTFUL,
}
_RANKS = {liveness.UNKNOWN: 0, liveness.DOWN: 1, liveness.UP: 2}

_COLUMNS = ('HOST', 'BINARY', 'ZONE', 'STATUS', 'STATE', 'CHANGED', 'REASON')
_KEYS = (
    'q quit  / filter  a all or not fine  s sort  p pause  '
    'arrows, PgUp, PgDn scroll'
)

#: How many transitions are kept, and how many are shown at once.
KEPT = 1000
SHOWN = 8

#: What a list can be sorted by, in the order of the key that changes it.
BY_HOST, BY_STATE, BY_CHANGE = SORTS = ('host', 'state', 'change')


class Screen:
    """The services, the latest transitions, and what a user has chosen.

    :param news: what the first reading brought
    """

    def __init__(self, news: follower.News) -> None:
        self.filter = ''
        self.asking = False
        self.only_not_fine = False
        self.sort = BY_HOST
        self.paused = False
        self._news = news
        self._shown = news
        self._offset = 0
        self._page = 1
        self._rows = 0
        self._said: collections.deque[tuple[datetime.datetime, str]] = (
            collections.deque(maxlen=KEPT)
        )
        self._changed: dict[str, datetime.datetime] = {}

    def tell(self, news: follower.News) -> None:
        """Take what a reading brought; it is shown unless paused."""
        self._news = news
        for change in news.changes:
            self.say(news.learned_at, stream.describe(change))
            if change.service is not None:
                self._changed[change.service.uuid] = news.learned_at
        if not self.paused:
            self._shown = news

    def say(self, when: datetime.datetime, text: str) -> None:
        """Show a line among the transitions, which are lines like it."""
        self._said.append((when, texts.one_line(text)))

    def press(self, key: str) -> bool:
        """Do what a key stands for.

        :param key: a character, or the name of a key: ``UP``, ``PGDN``,
            ``ENTER``, ``BACKSPACE``, ``ESCAPE``
        :returns: whether to go on
        """
        if self.asking:
            self._ask(key)
            return True
        match key:
            case 'q' | 'Q':
                return False
            case '/':
                self.asking = True
            case 'ESCAPE':
                self.filter = ''
            case 'a':
                self.only_not_fine = not self.only_not_fine
            case 's':
                turn = SORTS.index(self.sort) + 1
                self.sort = SORTS[turn % len(SORTS)]
            case 'p' | ' ':
                self.paused = not self.paused
                self._shown = self._news
            case _:
                self._scroll(key)
        return True

    def render(self, width: int, height: int) -> list[Line]:
        """Return the lines of the screen, from the top.

        :param width: columns of the terminal
        :param height: lines of it
        """
        head = self._head(width)
        news = list(itertools.islice(reversed(self._said), SHOWN))
        below = [[('-- Transitions', TITLE)]] if news else []
        below += [[(f'{_clock(when)} {text}', PLAIN)] for when, text in news]
        below = below[: max(height // 3, 0)]
        services = self._chosen()
        room = max(height - len(head) - len(below) - 2, 1)
        self._page, self._rows = room, len(services)
        self._offset = max(min(self._offset, len(services) - room), 0)
        table = self._table(services[self._offset :][:room])
        table += [[] for _ in range(room + 1 - len(table))]
        lines = [*head, *table, *below, self._foot()]
        return [_cut(line, width) for line in lines[:height]]

    def _ask(self, key: str) -> None:
        match key:
            case 'ENTER':
                self.asking = False
            case 'ESCAPE':
                self.asking, self.filter = False, ''
            case 'BACKSPACE':
                self.filter = self.filter[:-1]
            case _ if len(key) == 1 and key.isprintable():
                self.filter += key

    def _scroll(self, key: str) -> None:
        steps = {
            'UP': -1,
            'DOWN': 1,
            'PGUP': -self._page,
            'PGDN': self._page,
            'HOME': -self._rows,
            'END': self._rows,
        }
        self._offset = max(self._offset + steps.get(key, 0), 0)

    def _head(self, width: int) -> list[Line]:
        services = self._shown.services.values()
        states = collections.Counter(each.state for each in services)
        said: Line = [(f'{len(services)} services: ', TITLE)]
        for state, style in _STYLES.items():
            if states[state] or state != liveness.UNKNOWN:
                said.append((f'{states[state]} {state}  ', style))
        disabled = sum(each.status == 'disabled' for each in services)
        forced = sum(each.forced_down for each in services)
        said.append((f'{disabled} disabled  {forced} forced down', PLAIN))
        when = f'  {_clock(self._shown.learned_at)}'
        if self.paused:
            # First, for a narrow terminal shows it, too.
            said.insert(0, ('paused  ', ALARM))
        used = sum(_width(text) for text, _style in said)
        gap = width - used - len(when)
        # Half of a time would be another time.
        if gap >= 0:
            said.append((' ' * gap + when, DIM))
        lines = [said]
        if self._shown.error is not None:
            read_at = _clock(self._shown.read_at)
            why = texts.one_line(self._shown.error)
            lines.append([(f'As of {read_at}: {why}', ALARM)])
        return lines

    def _foot(self) -> Line:
        if self.asking:
            return [(f'filter: {self.filter}_', TITLE)]
        chosen = f'sorted by {self.sort}'
        if self.only_not_fine:
            chosen = f'not fine only, {chosen}'
        if self.filter:
            chosen = f'filter {self.filter!r}, {chosen}'
        return [(f'{_KEYS}  [{chosen}]', DIM)]

    def _table(self, services: Sequence[transitions.Sighting]) -> list[Line]:
        """Return the header, and a row for each service."""
        rows = [self._cells(each) for each in services]
        widths = [
            max([len(title), *(_width(row[i]) for row in rows)])
            for i, title in enumerate(_COLUMNS)
        ]
        table: list[Line] = [[(_join(_COLUMNS, widths), TITLE)]]
        state = _COLUMNS.index('STATE')
        for service, row in zip(services, rows, strict=True):
            style = DIM if service.status == 'disabled' else PLAIN
            table.append(
                [
                    (_join(row[:state], widths) + '  ', style),
                    (
                        _pad(row[state], widths[state]) + '  ',
                        _STYLES.get(service.state, PLAIN),
                    ),
                    (_join(row[state + 1 :], widths[state + 1 :]), style),
                ]
            )
        return table

    def _cells(self, service: transitions.Sighting) -> list[str]:
        changed = self._changed.get(service.uuid)
        why = str(service.why or '')
        if service.forced_down:
            why = 'forced down'
        reason = ', '.join(filter(None, (why, service.disabled_reason)))
        return [
            texts.one_line(text)
            for text in (
                service.host,
                service.binary,
                service.zone,
                service.status,
                service.state,
                '' if changed is None else _clock(changed),
                reason,
            )
        ]

    def _chosen(self) -> list[transitions.Sighting]:
        """Return the services to show, in order."""
        wanted = self.filter.casefold()
        services = [
            each
            for each in self._shown.services.values()
            if not (self.only_not_fine and each.is_fine)
            and wanted in f'{each.host} {each.binary} {each.zone}'.casefold()
        ]
        services.sort(key=lambda each: (each.host, each.binary))
        if self.sort == BY_STATE:
            services.sort(key=lambda each: _RANKS.get(each.state, 0))
        elif self.sort == BY_CHANGE:
            never = datetime.datetime.min.replace(tzinfo=datetime.UTC)
            services.sort(
                key=lambda each: self._changed.get(each.uuid, never),
                reverse=True,
            )
        return services


def _clock(moment: datetime.datetime) -> str:
    return moment.strftime('%H:%M:%SZ')


def _width(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(each) for each in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1 + (unicodedata.east_asian_width(character) in 'WF')


def _pad(text: str, width: int) -> str:
    return text + ' ' * (width - _width(text))


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    return '  '.join(map(_pad, cells, widths))


def _cut(line: Line, width: int) -> Line:
    """Return as much of a line as a terminal has columns for."""
    kept: Line = []
    for text, style in line:
        if _width(text) > width:
            text = _shorten(text, width)
        kept.append((text, style))
        width -= _width(text)
        if width <= 0:
            break
    return kept


def _shorten(text: str, width: int) -> str:
    for end, character in enumerate(text):
        width -= _columns(character)
        if width < 0:
            return text[:end]
    return text
