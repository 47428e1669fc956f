# SPDX-License-Identifier: Apache-2.0

"""The conductor: where the objects of processes without a database live.

:func:`setup` sets a process up, with backends of its own or with a conductor;
the conductor itself is :mod:`nova_sg.conductor.service`.
"""

from oslo_config import cfg

from nova_sg import private
from nova_sg import servicegroup
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import collector


def setup(conf: cfg.ConfigOpts, *, waits: bool = False) -> servicegroup.API:
    """Make the servicegroup API of this process, and have the objects use it.

    With ``[servicegroup] use_conductor`` calls of objects run in a
    conductor, and nothing here needs a database.

    :param waits: wait for a conductor that was not started yet; see
        :class:`nova_sg.conductor.rpcapi.ConductorAPI`
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    private.check('objects')
    if conf.servicegroup.use_conductor:
        # Imported here: what calls no conductor needs no message bus.
        from nova_sg.conductor import remote

        return remote.setup(conf, waits=waits)
    objects_base.Object.indirection_api = None
    with collector.paused():
        # The backend is imported.
        return servicegroup.setup(conf)
