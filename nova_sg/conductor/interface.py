# SPDX-License-Identifier: Apache-2.0

"""What a conductor and its callers agree on."""

import hashlib

#: Where conductors listen. nova's own conductor has "conductor".
TOPIC = 'nova-sg-conductor'

#: The longest name of a queue of AMQP, in bytes.
_LONGEST = 255

#: The interface that ``manager.ConductorManager`` serves.
#: Version 1.0: initial version
#: Version 1.1: a change whose token is there already is not made again
#: Version 1.2: join() takes an invocation; leave_invocation()
#: Version 1.3: known()
#: Version 1.4: history()
#: Version 1.5: departures()
#: Version 1.6: note_wedged()
VERSION = '1.6'

#: The versions from which on a conductor knows a change by its token, the
#: invocation of a member, the calls that ask for records, the history and
#: reasons, and a loop that hangs.
KNOWS_TOKENS = '1.1'
KNOWS_INVOCATIONS = '1.2'
KNOWS_KNOWN = '1.3'
KNOWS_HISTORY = '1.4'
KNOWS_DEPARTURES = '1.5'
KNOWS_WEDGED = '1.6'

#: Services that one message may speak for; an agent sends 500 at most.
MAX_UUIDS = 5000


def server(host: str) -> str:
    """Return what a conductor of a host is called on the message bus.

    Its queue bears the topic and this name. The name of a host may have 255
    characters, as the queue may, so a long one is shortened: the same way by
    the conductor and by its callers.
    """
    if len(f'{TOPIC}.{host}'.encode()) <= _LONGEST:
        return host
    digest = hashlib.sha256(host.encode()).hexdigest()[:32]
    return f'{host.encode()[:64].decode(errors="ignore")}-{digest}'
