# SPDX-License-Identifier: Apache-2.0

"""A change of a record is made once, however often it is sent.

A connection may break after a change was made and before the answer is
there. To send the change again would undo what another operator decided in
between::

    t=0  operator A: force-down --unset c1; it is committed, the answer lost
    t=1  operator B reads that c1 is not forced down: force-down c1, "done"
    t=2  A's client sends its change again: c1 is up, and B was told otherwise

So whoever asks for a change makes a token for it, and every store keeps the
token in the transaction of the change. A change whose token is there is not
made again: what is there now is its answer. The token travels in the context
of the call, also to a conductor, so that a call which is published twice
finds the change that the first one made, whichever conductor served it.
"""

import copy
import re
import uuid

from nova_sg import context as sg_context
from nova_sg import exception

#: Seconds for which a store keeps a token at least: longer than anything is
#: sent again.
KEPT = 3600

#: What a token may be: it is stored, and may be a part of a key.
_TOKEN = re.compile(r'[A-Za-z0-9_-]{1,64}')


def new_token() -> str:
    """Return a token for one change; nobody else ever gets it."""
    return uuid.uuid4().hex


def for_one(context: sg_context.RequestContext) -> sg_context.RequestContext:
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


def token_of(context: sg_context.RequestContext) -> str:
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
