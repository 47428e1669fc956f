# SPDX-License-Identifier: Apache-2.0

"""TCP ports of the loopback interface, each with one holder at a time."""

import contextlib
import random
import socket

import fixtures

HOST = '127.0.0.1'

# Below the ephemeral range, so that no client socket takes a port between
# our look at it and the server's bind, nor while a server is down.
PORTS = range(20000, 32000)

# Tests may seed the global generator, all workers with the same seed.
_random = random.SystemRandom()


class NoFreePort(Exception):
    """Every port is reserved or in use."""


class Port(fixtures.Fixture):
    """Reserve a free port until cleanup, also while nobody listens on it.

    The reservation is the name of an abstract unix socket. Such a name has
    one holder in a network namespace, as the port has, whoever runs the
    tests there; it leaves no file, and goes with the process that holds it.

    :ivar number: the port
    """

    number: int

    def _setUp(self) -> None:
        for number in _random.sample(PORTS, len(PORTS)):
            reservation = _reserve(number)
            if reservation is None:
                continue
            if _is_free(number):
                self.number = number
                self.addCleanup(reservation.close)
                return
            reservation.close()
        raise NoFreePort(f'no free port in {PORTS.start}-{PORTS.stop - 1}')


def _reserve(number: int) -> socket.socket | None:
    reservation = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        reservation.bind(f'\0nova-sg-test-port-{number}')
    except OSError:
        reservation.close()
        return None
    return reservation


def _is_free(number: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        # As servers do: connections in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError:
            return False
    return True
