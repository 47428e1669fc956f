# SPDX-License-Identifier: Apache-2.0

"""gunicorn, as nova-sg-api runs under it."""

import logging
import mmap
import os
import sys
from typing import Any

from gunicorn import arbiter as gunicorn_arbiter
from gunicorn import errors as gunicorn_errors
from gunicorn import glogging
from gunicorn.app import base as gunicorn_base
from oslo_config import cfg

from nova_sg import exception
from nova_sg import exits
from nova_sg import metrics
from nova_sg import private
from nova_sg import servicegroup
from nova_sg import systemd
from nova_sg import turn
from nova_sg.api import deploy
from nova_sg.api import monitoring
from nova_sg.metrics import place as sg_place

LOG = logging.getLogger(__name__)

#: Where it listens unless told otherwise.
ANYWHERE = '0.0.0.0'  # noqa: S104
LOOPBACK = '127.0.0.1'

#: Seconds for a request to be answered after the service was told to stop.
GRACE = 30

#: Client, request, status, bytes, seconds. What a client can make up is
#: escaped by :class:`Logger`.
ACCESS_FORMAT = '%(h)s "%(r)s" status: %(s)s len: %(B)s time: %(L)s'


class Arbiter(gunicorn_arbiter.Arbiter):  # type: ignore[misc]
    """The process that watches the others, and says so to a watchdog.

    gunicorn itself tells systemd that it is ready, and replaces a process
    that does not turn.
    """

    def __init__(self, app: 'Service') -> None:
        self._systemd = systemd.Notifier()
        super().__init__(app)

    def murder_workers(self) -> None:
        """Look after the processes; gunicorn does about once a second."""
        super().murder_workers()
        self._systemd.turned()


class Service(gunicorn_base.BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by ours.

    :param load_conf: loads the configuration, and raises what is wrong
    :raises UnexpectedLibrary: gunicorn is not as it is known here
    """

    def __init__(self, load_conf: Any) -> None:
        private.check('server')
        self._load_conf = load_conf
        self._conf: cfg.ConfigOpts = load_conf()
        self._master = os.getpid()
        self._place: sg_place.Place | None = None
        #: Of the worker that records transitions.
        self._turn = turn.Turn()
        #: The exit code of an application that cannot be made; a process
        #: that was forked shares it.
        self._failed_with = mmap.mmap(-1, 1)
        #: A byte for the process that tells of it: all of them fail alike.
        self._teller, self._next_teller = os.pipe()
        os.set_blocking(self._teller, False)
        os.write(self._next_teller, b'.')
        super().__init__()

    def run(self) -> None:
        """Serve, until the process ends with SystemExit."""
        try:
            Arbiter(self).run()
            code: Any = exits.Exit.DONE
        except gunicorn_errors.HaltServer as stopped:
            # One more process has failed while all were ended.
            code = stopped.exit_status
        except SystemExit as stopped:
            code = stopped.code
        except RuntimeError as error:
            print(f'{monitoring.PROGRAM}: error: {error}', file=sys.stderr)
            code = exits.Exit.UNEXPECTED
        if os.getpid() == self._master:
            if self._failed_with[0]:
                # gunicorn's own code for that tells nothing of why.
                code = self._failed_with[0]
            if self._place is not None:
                self._place.remove()
        sys.exit(code)

    def load_config(self) -> None:
        conf = self._conf.api
        self._make_place()
        for name, value in {
            'bind': _addresses(self._conf),
            'workers': conf.workers or os.cpu_count() or 1,
            'worker_class': 'gthread',
            'threads': conf.threads,
            'graceful_timeout': GRACE,
            'logger_class': Logger,
            'accesslog': '-',
            'access_log_format': ACCESS_FORMAT,
            'proc_name': monitoring.PROGRAM,
            'control_socket_disable': True,
            # What a proxy says is read by oslo.middleware, where that is
            # asked for. gunicorn believes this machine unasked.
            'forwarded_allow_ips': '',
            'forwarder_headers': '',
        }.items():
            # Not every release has all of them.
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _make_place(self) -> None:
        """Make the place where the workers share what they count.

        It stays when the configuration is read again, so that no counter
        begins anew.
        """
        wanted = metrics.wanted(self._conf, monitoring.PROGRAM)
        if wanted and self._place is None:
            self._place = sg_place.Place.make()

    def reload(self) -> None:
        """Read the configuration again; a bad one leaves all as it is."""
        try:
            self._conf = self._load_conf()
        except exception.NovaSgException as error:
            LOG.error(
                'Not reloaded, the old configuration stays in use: %s', error
            )
        super().reload()

    def load(self) -> deploy.WsgiApp:
        """Make the application, in the process that will serve it."""
        try:
            wanted = metrics.wanted(self._conf, monitoring.PROGRAM)
            return self._load(self._conf, self._place if wanted else None)
        except exception.NovaSgException as error:
            # gunicorn ends all of them then.
            self._failed_with[0] = exits.exit_code(error)
            try:
                os.read(self._teller, 1)
            except BlockingIOError:
                sys.exit(Arbiter.APP_LOAD_ERROR)
            raise gunicorn_errors.AppImportError(
                f'{monitoring.PROGRAM}: error: {exits.one_line(error)}'
            ) from error

    def _load(
        self, conf: cfg.ConfigOpts, place: sg_place.Place | None
    ) -> deploy.WsgiApp:
        """Make the application.

        :param place: where the workers share metrics; None without
        """
        app = deploy.loadapp(conf, place)
        recording = servicegroup.get().recording(
            f'{monitoring.PROGRAM} on {self._conf.host}', self._turn.mine
        )
        if recording is not None:
            recording.start()
        return app


def address(conf: cfg.ConfigOpts) -> str:
    """Return the address on which the API listens."""
    if conf.api.listen is not None:
        return str(conf.api.listen)
    return LOOPBACK if conf.api.auth_strategy == 'noauth2' else ANYWHERE


def _addresses(conf: cfg.ConfigOpts) -> list[str]:
    """Return where all workers listen."""
    addresses = [_host_and_port(address(conf), conf.api.port)]
    port = metrics.port(conf, monitoring.PROGRAM)
    if port is not None:
        addresses.append(_host_and_port(conf.monitoring.listen, port))
    return addresses


def _host_and_port(address: str, port: int) -> str:
    return f'[{address}]:{port}' if ':' in address else f'{address}:{port}'


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's messages, in the log of everything else."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True
        self.access_log.propagate = True

    def atoms(self, *args: Any) -> Any:
        """Return the parts of a line, none of which breaks it or a screen.

        A request line may hold carriage returns and escape sequences.
        """
        found = super().atoms(*args)
        for name in ('h', 'r'):
            if not found[name].isprintable():
                text = found[name].encode('unicode_escape')
                found[name] = text.decode('ascii')
        return found
