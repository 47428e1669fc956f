# SPDX-License-Identifier: Apache-2.0

"""Telling systemd how far a service is (see sd_notify(3))."""

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send a state to whoever started this process, if it wants to know.

    It is not worth an error: a service that cannot say so is ready all the
    same.

    :param state: ``READY=1``, ``STOPPING=1``, ...
    """
    address = os.environ.get('NOTIFY_SOCKET', '')
    if address.startswith('@'):
        # A name in the abstract namespace.
        address = '\0' + address[1:]
    elif not address.startswith('/'):
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client,
    ):
        client.connect(address)
        client.send(state.encode())
