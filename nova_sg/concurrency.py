# SPDX-License-Identifier: Apache-2.0

"""Whether this process runs on native threads or under eventlet.

nova_sg itself never patches anything: its own processes run on native
threads. A process of nova may run under eventlet, and a client that starts
threads then has to start green ones. The process is looked at where such a
client is made, so that no way into a nova (``nova-sg-run``, nova.conf alone,
WSGI, a command of nova-manage) can forget to say.
"""

import sys


def under_eventlet() -> bool:
    """Return whether eventlet has patched the threads of this process."""
    # Not imported: on native threads nova forbids that.
    patcher = sys.modules.get('eventlet.patcher')
    return patcher is not None and bool(patcher.is_monkey_patched('thread'))
