# SPDX-License-Identifier: Apache-2.0

"""nova-sg-conductor: serves the objects of processes without a database.

Exit codes: 0 stopped by a signal, 2 bad usage or configuration, 4 conflict,
5 the backend is unreachable at the start.
"""

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import os
import sys
import threading
import time

import cotyledon
from oslo_config import cfg
from oslo_log import log as logging
from oslo_reports import guru_meditation_report
from oslo_reports import opts
from oslo_reports.generators import conf as conf_report
from oslo_reports.models import with_default_views

from nova_sg import broker
from nova_sg import rpc
from nova_sg import servicegroup
from nova_sg import systemd
from nova_sg.cmd import common
from nova_sg.conductor import service
from nova_sg.metrics import monitor as sg_monitor

PROGRAM = 'nova-sg-conductor'

LOG = logging.getLogger(__name__)

Load = Callable[[], cfg.ConfigOpts]


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-conductor and return its exit code."""
    return common.run(PROGRAM, _main, argv)


class Version:
    """What a guru meditation report says of the program."""

    def vendor_string(self) -> str:
        return 'nova_sg'

    def product_string(self) -> str:
        return PROGRAM

    def version_string_with_package(self) -> str:
        return common.version()


class Conductor:
    """The process that has workers, and has the configuration.

    :param load: loads the configuration, again at each SIGHUP
    :param textfile: write metrics into this file
    """

    def __init__(self, load: Load, textfile: str | None = None) -> None:
        self._load = load
        self.conf = load()
        self.systemd = systemd.Notifier()
        # cotyledon would call it ready before any worker serves.
        os.environ.pop('NOTIFY_SOCKET', None)
        _check_transport(self.conf)
        # What cannot work is said once, here, and not by each worker.
        servicegroup.setup(self.conf).check_deployment()
        # Before workers are forked, which share it.
        self.monitor = sg_monitor.Monitor(self.conf, PROGRAM, textfile)
        self._master = os.getpid()
        self._manager = cotyledon.ServiceManager(
            graceful_shutdown_timeout=(
                self.conf.conductor.graceful_shutdown_timeout
            )
        )
        self._manager.register_hooks(on_reload=self._reload)
        self._service = self._manager.add(
            _Worker, workers=self.conf.conductor.workers, args=(self,)
        )
        opts.set_defaults(self.conf)
        report = guru_meditation_report.TextGuruMeditation
        # By itself it shows a global configuration, which we do not have.
        report.register_section(
            'Options', lambda: conf_report.ConfigReportGenerator(self.conf)()
        )
        report.setup_autorun(Version(), conf=self.conf)

    def run(self) -> None:
        """Serve until SIGTERM."""
        try:
            self._manager.run()
        finally:
            if os.getpid() == self._master:
                self.monitor.remove()

    def _reload(self) -> None:
        """Read the configuration anew: each worker is then replaced.

        What cannot be read leaves everything as it is.
        """
        try:
            conf = self._load()
            _check_transport(conf)
        except Exception as error:
            LOG.error(
                'Not reloaded, the old configuration stays in use: %s',
                common.one_line(error),
            )
            return
        self.conf = conf
        self._manager.reconfigure(self._service, conf.conductor.workers)
        LOG.info('Read the configuration again')


class _Worker(cotyledon.Service):
    """One process that serves; without reload(), SIGHUP replaces it."""

    name = PROGRAM

    def __init__(self, worker_id: int, conductor: Conductor) -> None:
        super().__init__(worker_id)
        conf = conductor.conf
        self.graceful_shutdown_timeout = (
            conf.conductor.graceful_shutdown_timeout
        )
        self._systemd = conductor.systemd
        self._monitor = conductor.monitor
        self._monitor.begin()
        self._worker = service.Worker(conf, first=worker_id == 0)
        self._started = threading.Event()
        self._ending = False
        guru_meditation_report.TextGuruMeditation.register_section(
            'Conductor', self._report
        )

    def run(self) -> None:
        health = self._monitor.health
        # Before it serves: it may wait for the broker, and is not stuck.
        tick = systemd.soonest(self._systemd.tick, health and health.turn)
        if tick is not None:
            threading.Thread(
                target=self._watch,
                args=(tick,),
                name='watchdog',
                daemon=True,
            ).start()
        self._worker.start()
        self._started.set()
        self._systemd.notify('READY=1')
        if health is not None:
            health.set_ready(True)

    def _watch(self, tick: float) -> None:
        """Tell systemd's watchdog and probes while calls come to an end."""
        health = self._monitor.health
        while not self._ending:
            if self._worker.turns(tick):
                if self._started.is_set():
                    self._systemd.turned()
                if health is not None:
                    health.turned()
            time.sleep(tick)

    def terminate(self) -> None:
        # While it looks for the broker it serves no call.
        if self._monitor.health is not None:
            self._monitor.health.set_ready(False)
        if self._started.is_set():
            self._worker.stop()
        self._ending = True
        self._monitor.end()

    def _report(self) -> with_default_views.ModelWithDefaultViews:
        return with_default_views.ModelWithDefaultViews(
            data=self._worker.beats.facts()
        )


def _check_transport(conf: cfg.ConfigOpts) -> None:
    """Refuse a message bus that cannot be used before any worker starts.

    A worker that cannot start is started again and again.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    rpc.transport(conf).cleanup()
    # An unreachable broker comes back, and is waited for.
    with contextlib.suppress(OSError):
        broker.check(conf)


def _main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)

    def load() -> cfg.ConfigOpts:
        return common.setup(
            args.config_files,
            args.config_dirs,
            args.debug,
            service=True,
            messaging=True,
        )

    Conductor(load, args.textfile).run()
    return common.Exit.DONE


def _parser() -> argparse.ArgumentParser:
    parser = common.parser(
        PROGRAM,
        description='Serve hosts without access to the database, over the '
        'message broker.',
        epilog='Signals: SIGTERM stops it when the calls it has begun are '
        'answered; SIGHUP makes it read its configuration again; SIGUSR2 '
        'makes each process report its state on stderr. Exit codes: 0 '
        'stopped by a signal; 1 unexpected; 2 bad usage or configuration; '
        '4 conflict; 5 the backend is unreachable at the start.',
    )
    common.add_monitoring_options(parser)
    return parser


if __name__ == '__main__':
    sys.exit(main())
