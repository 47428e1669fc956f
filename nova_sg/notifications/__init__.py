# SPDX-License-Identifier: Apache-2.0

"""What consumers are told of services, whichever door a change came by."""

from oslo_config import cfg

from nova_sg.conf import notifications
from nova_sg.notifications import base


def load(conf: cfg.ConfigOpts) -> base.Notifier:
    """Return the configured notifier."""
    if conf.notifications.notification_format == notifications.UNVERSIONED:
        return base.Silent()
    # Imported here: a process that sends nothing needs no message bus.
    from nova_sg.notifications import versioned

    return versioned.VersionedNotifier(conf)
