# SPDX-License-Identifier: Apache-2.0

"""A kazoo client as this package needs one.

kazoo's public interface has no way to say how long a session was granted,
to give up a connection on which nothing comes any more, or to forget a
connection in a forked child. This adds them, mostly by standing between the
client and its handler.
"""

import atexit
from collections.abc import Callable
import logging
import math
import os
import re
import socket
from typing import Any

from kazoo import client as kazoo_client
from kazoo import exceptions
from kazoo.protocol import states
from oslo_config import cfg

from nova_sg import private
from nova_sg.servicegroup.backends.zookeeper import credentials
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import tls
from nova_sg.servicegroup.backends.zookeeper.options import unusable

LOG = logging.getLogger(__name__)

#: Reconnect as a server comes back: kazoo's own pauses grow to a minute. They
#: must grow, since kazoo takes each jittered pause for the next one's start,
#: and without growth they dwindle to nothing.
RETRY = {
    'max_tries': -1,
    'delay': 0.1,
    'backoff': 1.2,
    'max_jitter': 0.3,
    'max_delay': 0.5,
}

#: What a server does to a connection that it does not want.
CLOSED = 'a server closes the connection at once: see its maxClientCnxns'

#: A client in one of these states does not come back by itself, unless its
#: first attempt to connect is still ahead: it resolves names before.
_ENDED = (states.KeeperState.CLOSED, states.KeeperState.AUTH_FAILED)

_SERVER = re.compile(
    r'((?P<name>[A-Za-z0-9._-]+)|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\])'
    r'(:(?P<port>\d+))?'
)

#: What stands between the dots of a host name. Python resolves no other name.
_LABELS = re.compile(r'[^.]{1,63}(\.[^.]{1,63})*\.?')

#: Makes a kazoo handler, an instance of its own for each client.
HandlerFactory = Callable[[], Any]


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """kazoo's log, of which only errors are anything to an operator.

    It warns of every attempt to connect, several times a second; the session
    says once that the connection is lost, and once that it is back. What it
    says for debugging is every request as it is, passwords among them.
    """

    def __init__(self) -> None:
        super().__init__(logging.getLogger('kazoo.client'), {})
        self.unresolved: str | None = None

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:
        if str(msg).startswith('Cannot resolve'):
            # It is told nowhere else.
            self.unresolved = str(msg) % args
        self.log(logging.WARNING, msg, *args, **kwargs)

    def log(self, level: int, msg: object, *args: Any, **kwargs: Any) -> None:
        if level < logging.INFO:
            return
        if level < logging.ERROR:
            level = logging.DEBUG
        if self.logger.isEnabledFor(level):
            self.logger.log(level, msg, *args, **kwargs)

    def debug(self, msg: object, *args: Any, **kwargs: Any) -> None:
        """Say nothing; called for every request and every answer."""

    def warn(self, msg: object, *args: Any, **kwargs: Any) -> None:
        self.log(logging.WARNING, msg, *args, **kwargs)


class Client:
    """One kazoo client from its start to its end.

    :param options: the group ``[zookeeper]``
    :param handler: a kazoo handler of its own
    :param on_granted: called, in kazoo's thread, each time the ensemble has
        granted a session timeout, with it in seconds
    :ivar kazoo: the client, not started yet
    :ivar refused: the ensemble refused the credential
    """

    def __init__(
        self,
        options: cfg.ConfigOpts.GroupAttr,
        handler: Any,
        on_granted: Callable[[float], None],
    ) -> None:
        private.check('zookeeper')
        self._on_granted = on_granted
        self._log = _Quiet()
        self._last_error: str | None = None
        self.refused = False
        self._tls = tls.context(options)
        self._host = ''
        self._sockets: list[socket.socket] = []
        self._pair: tuple[socket.socket, ...] = ()
        # Else one server that is down without a trace costs the whole
        # session timeout, and so the session.
        self._patience = max(0.5, options.session_timeout / 3)
        self._stand_between(handler)
        self.kazoo = kazoo_client.KazooClient(
            hosts=','.join(options.hosts),
            timeout=options.session_timeout,
            handler=handler,
            connection_retry={**RETRY, 'sleep_func': handler.sleep_func},
            logger=self._log,
            **credentials.kazoo_options(options),
        )
        self._observe_connecting()

    @property
    def ended(self) -> bool:
        """Whether it has given up and another is needed."""
        # None before the start, and once it was stopped.
        routine = self.kazoo._connection._connection_routine
        connecting = routine is not None and routine.is_alive()
        return self.kazoo.client_state in _ENDED and not connecting

    @property
    def last_error(self) -> str | None:
        """Why the latest attempt to connect failed, where that is known."""
        return self._last_error or self._log.unresolved

    def start(self) -> None:
        """Begin to connect, and go on until :meth:`stop`.

        :raises RuntimeError: no thread can be started; it has ended
        """
        try:
            self.kazoo.start_async()
        except RuntimeError:
            # Else to stop it would wake a thread that there is not.
            self.kazoo._stopped.set()
            self.kazoo.handler.stop()
            self.kazoo.close()
            raise

    def stop(self) -> None:
        """End the session, so that what it holds goes at once."""
        self.kazoo.stop()
        self.kazoo.close()

    def drop_connection(self) -> None:
        """Break the connection; the session goes on over another one."""
        for each in self._sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it broke by itself

    def server_version(self) -> str | None:
        """Return the version of the server, None where it keeps it secret.

        It is asked over a connection of its own.
        """
        try:
            answer = self.kazoo.command(b'srvr')
        except (exceptions.KazooException, OSError, ValueError) as error:
            LOG.debug('No version: %s', error)
            return None
        found = re.search(r'version: ([0-9.]+)', answer)
        return found.group(1) if found else None

    def abandon(self) -> None:
        """Forget, in a forked child, the connection of the parent.

        Its sockets are closed without a word to the server. Its threads have
        not come along, so that nothing else may be asked of it.
        """
        atexit.unregister(self.kazoo.handler.stop)
        for each in (*self._sockets, *self._pair):
            # Not the method of a TLS socket, which has a word to say.
            descriptor = each.detach()
            if descriptor >= 0:
                os.close(descriptor)

    def _stand_between(self, handler: Any) -> None:
        """See the sockets that the client makes, and why it cannot."""
        connect = handler.create_connection
        make_pair = handler.create_socket_pair

        def create_connection(
            address: tuple[str, int], timeout: float, **_tls: Any
        ) -> Any:
            timeout = min(timeout, self._patience)
            try:
                made = connect(address=address, timeout=timeout)
                if self._tls is not None:
                    host = self._host or address[0]
                    made = tls.wrap(self._tls, made, host, timeout)
            except (BrokenPipeError, ConnectionResetError):
                self._last_error = CLOSED
                raise
            except Exception as error:
                self._last_error = tls.one_line(error)
                raise
            # Until there is a session.
            self._last_error = CLOSED
            there = [each for each in self._sockets if each.fileno() >= 0]
            self._sockets = [*there, made]
            return made

        def create_socket_pair(*args: Any, **kwargs: Any) -> Any:
            self._pair = make_pair(*args, **kwargs)
            return self._pair

        handler.create_connection = create_connection
        handler.create_socket_pair = create_socket_pair

    def _observe_connecting(self) -> None:
        """Learn what session timeout is granted, and ping less often.

        kazoo tells only its log of it. What the method below returns
        are the timeouts it derives, in milliseconds.
        """
        connection = self.kazoo._connection
        connect = connection._connect

        def observed(host: str, *args: Any) -> Any:
            self._host = host
            try:
                read_timeout, connect_timeout = connect(host, *args)
            except self.kazoo.handler.timeout_exception:
                self._last_error = None
                raise
            except errors.SASL_REQUIRED as error:
                # kazoo's thread would die of it.
                raise exceptions.AuthFailedError from error
            self._last_error = None
            # It takes two thirds of what was granted.
            granted = read_timeout * 1.5 / 1000
            self._on_granted(granted)
            # It pings after half of this, for sessions that are not probed.
            read_timeout = granted + min(1.2, granted * 0.4)
            return read_timeout * 1000, connect_timeout

        connection._connect = observed


def check(options: cfg.ConfigOpts.GroupAttr) -> None:
    """Refuse options with which no connection can be made.

    :param options: the group ``[zookeeper]``
    :raises InvalidConfiguration: naming the option
    """
    credentials.check(options)
    for name in ('session_timeout', 'request_timeout', 'max_retries'):
        # No bound refuses what is empty, or "nan".
        if options[name] is None or math.isnan(options[name]):
            raise unusable(name, 'it is no number')
    for each in options.hosts or ['']:
        server, _, chroot = each.partition('/')
        found = _SERVER.fullmatch(server)
        # Not told as it is: a password may be in it.
        if not found or not 0 < int(found['port'] or 2181) < 65536:
            raise unusable('hosts', 'they are not all host:port')
        if found['name'] and not _LABELS.fullmatch(found['name']):
            raise unusable(
                'hosts', 'each part of a host name has 1 to 63 characters'
            )
        if chroot:
            raise unusable(
                'hosts', f'/{chroot} belongs into [zookeeper] chroot'
            )
    tls.context(options)
