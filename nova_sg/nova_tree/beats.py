# SPDX-License-Identifier: Apache-2.0

"""Beats that arrive the way nova's own db driver sends them.

A process of nova saves its service object every report interval, over RPC
where it has no database. A process that runs nova_sg does that only with
``driver = db``. So under another driver such a beat is of a process which
does not run nova_sg, or is configured otherwise.
"""

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.nova_tree import cells
from nova_sg.servicegroup import record as sg_record

LOG = logging.getLogger(__name__)

#: Services with refused beats, so that each is logged once.
_refused: set[str] = set()


def take(
    api: servicegroup.API, context: cells.Context, service: sg_record.Record
) -> None:
    """Pass a beat on to the membership, or say once that it counts for none.

    Not an error for the sender: it would log a traceback for each beat, and
    could not do anything about it.
    """
    try:
        api.report_state(context, service.uuid)
    except exception.ServiceNotJoined:
        if service.uuid in _refused:
            return
        _refused.add(service.uuid)
        LOG.warning(
            'Ignoring that %(binary)s on host %(host)s reports its state in '
            "nova's own way: with [servicegroup] driver = %(driver)s only a "
            'process that joins by itself is up. Restart it with nova_sg '
            'switched on, and with the same driver.',
            {
                'binary': service.binary,
                'host': service.host,
                'driver': api.conf.servicegroup.driver,
            },
        )
