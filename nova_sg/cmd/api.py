# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api: the REST service, in several processes.

Exit codes: 0 stopped by a signal, 1 unexpected (the port is taken), 2 bad
usage or configuration, 4 the backend belongs to another deployment.
An unreachable backend does not keep it from starting: it answers 503.

The processes are forked first, and each then makes its own connections.
SIGHUP reads the configuration again and replaces them one after the other,
when they have answered what they were asked.
"""

import argparse
from collections.abc import Sequence
import logging
import mmap
import os
import sys
from typing import Any

from oslo_config import cfg

from nova_sg import exception
from nova_sg import metrics
from nova_sg import private
from nova_sg import servicegroup
from nova_sg import systemd
from nova_sg import turn
from nova_sg.cmd import common
from nova_sg.metrics import place as sg_place

PROGRAM = 'nova-sg-api'

try:
    from gunicorn import arbiter as gunicorn_arbiter
    from gunicorn import errors as gunicorn_errors
    from gunicorn import glogging
    from gunicorn.app import base as gunicorn_base

    from nova_sg.api import auth
    from nova_sg.api import deploy
except ModuleNotFoundError as error:
    common.refuse_without_extra(PROGRAM, 'api', error)

LOG = logging.getLogger(__name__)

#: Where it listens unless told otherwise.
ANYWHERE = '0.0.0.0'  # noqa: S104
LOOPBACK = '127.0.0.1'

#: Seconds for a request to be answered after the service was told to stop.
GRACE = 30

#: Client, request, status, bytes, seconds. What a client can make up is
#: escaped by :class:`Logger`.
ACCESS_FORMAT = '%(h)s "%(r)s" status: %(s)s len: %(B)s time: %(L)s'


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-api and return its exit code."""
    return common.run(PROGRAM, _main, argv)


def _main(argv: list[str]) -> int:
    args = parser().parse_args(argv)

    def load() -> cfg.ConfigOpts:
        conf = common.setup(
            args.config_files, args.config_dirs, args.debug, service=True
        )
        configure(conf, args)
        return conf

    private.check('server')
    Service(load).run()
    return common.Exit.DONE


def configure(conf: cfg.ConfigOpts, args: argparse.Namespace) -> None:
    """Let the command line have its way, and refuse what cannot be served.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    for option in ('listen', 'port', 'workers'):
        value = getattr(args, option)
        if value is not None:
            conf.set_override(option, value, group='api')
    _check_address(conf)
    _check_metrics(conf)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description='Serve os-services, os-hosts, os-hypervisors and '
        'os-availability-zone of the compute API.',
        epilog='Exit codes: 0 stopped by SIGTERM or SIGINT; 1 unexpected; '
        '2 bad usage or configuration; 4 the backend belongs to another '
        'deployment.',
    )
    common.one_line_errors(parser)
    parser.add_argument(
        '--version', action='version', version=common.version()
    )
    common.add_options(parser)
    parser.add_argument(
        '--host',
        dest='listen',
        metavar='ADDRESS',
        help='the address to listen on (default: [api] listen)',
    )
    parser.add_argument(
        '--port',
        metavar='PORT',
        type=_positive,
        help='the port to listen on (default: [api] port, which is 8774)',
    )
    parser.add_argument(
        '--workers',
        metavar='N',
        type=_positive,
        help='how many processes serve (default: [api] workers, or the '
        'number of CPUs)',
    )
    return parser


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(
            f'{text!r} is no number from 1 to 65535'
        )
    return int(text)


def _address(conf: cfg.ConfigOpts) -> str:
    if conf.api.listen is not None:
        return str(conf.api.listen)
    return LOOPBACK if conf.api.auth_strategy == 'noauth2' else ANYWHERE


def _check_address(conf: cfg.ConfigOpts) -> None:
    """Refuse to let the whole network in without a password.

    :raises InvalidConfiguration: noauth2, on an address others can reach, or
        behind a proxy
    """
    auth.check_noauth(conf)
    address = _address(conf)
    if (
        conf.api.auth_strategy == 'noauth2'
        and not conf.api.noauth2_anywhere
        and not auth.is_loopback(address)
    ):
        raise exception.InvalidConfiguration(
            option='[api] auth_strategy',
            reason=f'with noauth2 every client that can reach {address} is '
            'an administrator: listen on 127.0.0.1, or set [api] '
            'noauth2_anywhere',
        )


def _check_metrics(conf: cfg.ConfigOpts) -> None:
    """Refuse metrics and probes that cannot be had.

    :raises InvalidConfiguration: there is no library for them, or no port
    """
    metrics.check(metrics.wanted(conf, PROGRAM))
    if metrics.port(conf, PROGRAM) == conf.api.port:
        raise exception.InvalidConfiguration(
            option='[monitoring] ports',
            reason=f'{conf.api.port} is the port of the API itself',
        )


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
    """

    def __init__(self, load_conf: Any) -> None:
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
            code: Any = common.Exit.DONE
        except gunicorn_errors.HaltServer as stopped:
            # One more process has failed while all were ended.
            code = stopped.exit_status
        except SystemExit as stopped:
            code = stopped.code
        except RuntimeError as error:
            print(f'{PROGRAM}: error: {error}', file=sys.stderr)
            code = common.Exit.UNEXPECTED
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
            'proc_name': PROGRAM,
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
        if self._place is None and metrics.wanted(self._conf, PROGRAM):
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
            wanted = metrics.wanted(self._conf, PROGRAM)
            return self._load(self._conf, self._place if wanted else None)
        except exception.NovaSgException as error:
            # gunicorn ends all of them then.
            self._failed_with[0] = common.exit_code(error)
            try:
                os.read(self._teller, 1)
            except BlockingIOError:
                sys.exit(Arbiter.APP_LOAD_ERROR)
            raise gunicorn_errors.AppImportError(
                f'{PROGRAM}: error: {common.one_line(error)}'
            ) from error

    def _load(
        self, conf: cfg.ConfigOpts, place: sg_place.Place | None
    ) -> deploy.WsgiApp:
        """Make the application.

        :param place: where the workers share metrics; None without
        """
        app = deploy.loadapp(conf, place)
        recording = servicegroup.get().recording(
            f'{PROGRAM} on {self._conf.host}', self._turn.mine
        )
        if recording is not None:
            recording.start()
        return app


def _addresses(conf: cfg.ConfigOpts) -> list[str]:
    """Return where all workers listen."""
    addresses = [_host_and_port(_address(conf), conf.api.port)]
    port = metrics.port(conf, PROGRAM)
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


if __name__ == '__main__':
    sys.exit(main())
