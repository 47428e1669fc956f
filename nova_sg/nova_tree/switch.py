# SPDX-License-Identifier: Apache-2.0

"""nova_sg switched on by nova.conf alone.

::

    [oslo_messaging_notifications]
    driver = nova_sg
    driver = messagingv2

Every process of nova makes its notifiers when it has read its configuration
and before it touches a service, and a notifier makes the drivers that are
named there. This one switches nova_sg on, and sends no notification.
"""

import sys
from typing import Any

from oslo_messaging.notify import notifier

from nova_sg import exits
from nova_sg import nova_tree


class SwitchOn(notifier.Driver):
    """A notification driver that switches nova_sg on when it is made.

    :raises SystemExit: nova_sg cannot be switched on. Not an error: stevedore
        would log it, and nova go on without nova_sg.
    """

    def __init__(self, conf: Any, topics: Any, transport: Any) -> None:
        super().__init__(conf, topics, transport)
        try:
            nova_tree.enable()
        except Exception as error:
            text = ' '.join(str(error).split())
            print(f'nova_sg cannot be switched on: {text}', file=sys.stderr)
            raise SystemExit(exits.exit_code(error)) from error

    def notify(self, ctxt: Any, msg: Any, priority: Any, retry: Any) -> None:
        """Do nothing: this driver sends no notification."""
