# SPDX-License-Identifier: Apache-2.0

"""Draws a screen on a terminal, and hands it the keys."""

import curses
import datetime
import logging
import os
import select
import sys
import threading
from typing import Any

from nova_sg.cmd import terminals
from nova_sg.cmd.watch import follower
from nova_sg.cmd.watch import messages
from nova_sg.cmd.watch import screen

LOG = logging.getLogger(__name__)

#: Seconds after which a change of the services or of the size is seen.
TICK = 0.2

_COLOURS = {
    screen.GOOD: curses.COLOR_GREEN,
    screen.BAD: curses.COLOR_RED,
    screen.DOUBTFUL: curses.COLOR_YELLOW,
    screen.ALARM: curses.COLOR_RED,
}
_ATTRIBUTES = {
    screen.PLAIN: curses.A_NORMAL,
    screen.TITLE: curses.A_BOLD,
    screen.GOOD: curses.A_NORMAL,
    screen.BAD: curses.A_BOLD,
    screen.DOUBTFUL: curses.A_BOLD,
    screen.DIM: curses.A_DIM,
    screen.ALARM: curses.A_REVERSE,
}
_KEYS = {
    curses.KEY_UP: 'UP',
    curses.KEY_DOWN: 'DOWN',
    curses.KEY_PPAGE: 'PGUP',
    curses.KEY_NPAGE: 'PGDN',
    curses.KEY_HOME: 'HOME',
    curses.KEY_END: 'END',
    curses.KEY_ENTER: 'ENTER',
    curses.KEY_BACKSPACE: 'BACKSPACE',
    '\n': 'ENTER',
    '\r': 'ENTER',
    '\x7f': 'BACKSPACE',
    '\b': 'BACKSPACE',
    '\x1b': 'ESCAPE',
}


def usable() -> bool:
    """Return whether there is a terminal on which a screen can be drawn.

    A terminal without a description on this machine gets lines, and a
    warning: its user may have come through ssh from a newer machine.
    """
    if not (sys.stdin.isatty() and terminals.takes_sequences(sys.stdout)):
        return False
    try:
        curses.setupterm()
        known = curses.tigetstr('cup') and curses.tigetstr('clear')
    except curses.error:
        known = None
    if not known:
        LOG.warning(
            'This machine cannot draw a screen on a terminal of TERM=%s: '
            'lines are printed',
            os.environ['TERM'],
        )
    return bool(known)


class Terminal:
    """Shows what a follower brings until the user quits.

    :param services: the follower
    """

    def __init__(self, services: follower.Follower) -> None:
        self._follower = services
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._dirty = True

    def run(self) -> None:
        """Read the services, then show them.

        :raises ServiceGroupUnavailable: the backend cannot be read at first
        """
        self._screen = screen.Screen(self._follower.begin())
        # The keys of a terminal are sent in parts; Escape alone is a key.
        os.environ.setdefault('ESCDELAY', '25')
        with messages.handed_over(self._say):
            curses.wrapper(self._show)
        if self._error is not None:
            raise self._error

    def _show(self, window: Any) -> None:
        window.nodelay(True)
        self._looks = _looks()
        thread = threading.Thread(target=self._follow, daemon=True)
        thread.start()
        try:
            while self._error is None:
                self._draw(window)
                select.select([sys.stdin], [], [], TICK)
                # A closed terminal is always readable, and has no key.
                if not sys.stdin.isatty() or not self._press_all(window):
                    return
        finally:
            self._stop.set()

    def _follow(self) -> None:
        try:
            self._follower.follow(self._tell, self._stop)
        except Exception as error:
            # Raised where the user sees it: in the thread of the command.
            self._error = error

    def _tell(self, news: follower.News) -> None:
        with self._lock:
            self._screen.tell(news)
            self._dirty = True

    def _say(self, text: str) -> None:
        with self._lock:
            self._screen.say(datetime.datetime.now(datetime.UTC), text)
            self._dirty = True

    def _press_all(self, window: Any) -> bool:
        """Hand over the keys that were pressed; return whether to go on."""
        while True:
            try:
                pressed = window.get_wch()
            except curses.error:
                # No further key.
                return True
            with self._lock:
                self._dirty = True
                if not self._screen.press(_KEYS.get(pressed, str(pressed))):
                    return False

    def _draw(self, window: Any) -> None:
        height, width = window.getmaxyx()
        with self._lock:
            if not self._dirty:
                return
            lines = self._screen.render(width, height)
            self._dirty = False
        window.erase()
        for y, line in enumerate(lines):
            window.move(y, 0)
            for text, style in line:
                self._write(window, text, self._looks[style])
        window.refresh()

    def _write(self, window: Any, text: str, look: int) -> None:
        try:
            window.addstr(text, look)
        except curses.error:
            # The cursor has no place after the last cell of the window.
            return


def _looks() -> dict[str, int]:
    """Return how curses draws each style; colours unless NO_COLOR is set."""
    try:
        curses.curs_set(0)
    except curses.error:
        # A terminal without an invisible cursor.
        pass
    looks = dict(_ATTRIBUTES)
    if not curses.has_colors():
        return looks
    curses.use_default_colors()
    if os.environ.get('NO_COLOR'):
        return looks
    for pair, (style, colour) in enumerate(_COLOURS.items(), start=1):
        curses.init_pair(pair, colour, -1)
        looks[style] |= curses.color_pair(pair)
    return looks
