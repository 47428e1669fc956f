# SPDX-License-Identifier: Apache-2.0

"""A change of a record is made once, however often it is sent.

A connection may break after a change was made and before the answer is
there. To send the change again would undo what another operator decided in
between::

    t=0  operator A: force-down --unset c1; it is committed, the answer lost
    t=1  operator B reads that c1 is not forced down: force-down c1, "done"
    t=2  A's client sends its change again: c1 is up, and B was told otherwise

So the caller makes a token for each change, and every store keeps the
token in the transaction of the change. A change whose token is there is not
made again: what is there now is its answer. The token travels in the context
of the call, also to a conductor, so that a call which is published twice
finds the change that the first one made, whichever conductor served it.
"""

from collections.abc import Callable
import copy
import random
import re
import time
from typing import TypeVar
import uuid

from nova_sg import context as sg_context
from nova_sg import exception

Context = sg_context.RequestContext

T = TypeVar('T')

#: Seconds for which a store keeps a token at least.
KEPT = sg_context.CHANGE_KEPT

#: What a token may be: it is stored, and may be a part of a key.
_TOKEN = re.compile(r'[A-Za-z0-9_-]{1,64}')

#: Seconds, at most, before a change is tried for the second time; they
#: double up to the longest pause.
FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.1


def new_token() -> str:
    """Return a token for one change, which no other change has."""
    return uuid.uuid4().hex


def for_one(context: Context) -> Context:
    """Return the context of one change, made by this caller.

    :param context: of the call, ours or nova's; it is not changed
    :returns: a copy with a token of its own; the context itself where it has
        one already, as that of a call from another process
    """
    if getattr(context, 'change', None) is not None:
        return context
    mine = copy.copy(context)
    mine.change = new_token()
    return mine


def token_of(context: Context) -> str:
    """Return the token of the change that a call makes.

    :param context: of the call, ours or nova's
    :returns: a new one where the caller did not make any
    :raises InvalidInput: another process sent what cannot be one
    """
    token = getattr(context, 'change', None) or new_token()
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise exception.InvalidInput(
            reason='the token of a change is a short word'
        )
    return token


class Conflict(Exception):
    """Another writer was first: what was read before is to be read anew."""


class Change:
    """One change, tried until it is known to be made or refused.

    For backends that compare and set, and whose connection may break before
    the answer is there. Each attempt looks for its token before it writes, so
    that an attempt after a lost answer finds what the lost one did.

    :param what: what is changed, for messages
    :param seconds: for how long it is tried
    :param tries: how often at most, where other writers are first
    :param unavailable: returns the error that names the backend, with a
        reason
    :param patient: whether a backend that is out of reach is waited for,
        until the time is over, where the outcome of an attempt is not known;
        False where its client waits by itself
    :ivar deadline: ``time.monotonic()`` until when it is tried
    :ivar unsure: why the outcome of an attempt is not known, None where all
        outcomes are
    """

    def __init__(
        self,
        what: str,
        seconds: float,
        tries: int,
        unavailable: Callable[[str], exception.ServiceGroupUnavailable],
        *,
        patient: bool = False,
    ) -> None:
        self._what = what
        self._patient = patient
        self._tries = tries
        self._unavailable = unavailable
        self.deadline = time.monotonic() + seconds
        self.unsure: exception.OutcomeUnknown | None = None

    def run(
        self,
        attempt: Callable[[], T],
        made: Callable[[], T | None] = lambda: None,
    ) -> T:
        """Try the change.

        :param attempt: looks for the token and, without it, makes the
            change; raises :class:`Conflict` where another writer was first
        :param made: only looks for the token: what ``attempt`` would have
            returned, None where the token is not there. Called where time
            is up and the outcome of an attempt is not known.
        :returns: what ``attempt`` returned
        :raises OutcomeUnknown: an attempt may have made the change, or may
            still
        :raises ServiceGroupUnavailable: no attempt made it
        """
        pause = FIRST_PAUSE
        for _ in range(self._tries):
            try:
                return attempt()
            except exception.OutcomeUnknown as error:
                self.unsure = error
                if time.monotonic() >= self.deadline:
                    break
            except exception.ServiceGroupUnavailable as error:
                if self.unsure is None:
                    raise
                self.unsure = exception.OutcomeUnknown(**error.kwargs)
                if not self._patient or time.monotonic() >= self.deadline:
                    break
                time.sleep(LONGEST_PAUSE)
            except Conflict:
                # Random, so that rivals do not meet again.
                time.sleep(random.uniform(0, pause))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE)
        if self.unsure is not None:
            return self._look(made, self.unsure)
        raise self._unavailable(
            f'{self._what} was changed by others each of the {self._tries} '
            'times this was tried'
        )

    def _look(
        self,
        made: Callable[[], T | None],
        unsure: exception.OutcomeUnknown,
    ) -> T:
        """Return the change, if it can be found; else say what is unknown."""
        try:
            found = made()
        except exception.ServiceGroupUnavailable:
            raise unsure from None
        if found is None:
            # It may still be on its way.
            raise unsure
        return found
