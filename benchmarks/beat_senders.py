# SPDX-License-Identifier: Apache-2.0

"""Processes that are many simulated computes of :mod:`benchmarks.nova_beats`.

Such a process reads its services from standard input, waits until all have
been started, and writes what its heartbeats cost to standard output.
"""

from concurrent import futures
import json
import logging
import pathlib
import sys
import threading
import time
import types
from typing import Any

#: Heartbeats that one process has under way at most.
THREADS = 128


def beat(options: dict[str, Any], services: list[dict[str, Any]]) -> None:
    """Be computes: beat for each once per interval, and tell of it."""
    from nova import config
    from nova import context as nova_context
    from nova import objects
    from nova import rpc
    from nova.conductor import rpcapi
    from nova.objects import base as objects_base

    from nova_sg import nova_tree

    nova_tree.enable()
    config.parse_args(['compute', '--config-file', options['file']])
    logging.disable(logging.WARNING)
    objects.register_all()
    rpc.init(config.CONF)
    objects_base.NovaObject.indirection_api = rpcapi.ConductorAPI()
    context = nova_context.get_admin_context()
    computes = []
    for fields in services:
        service = objects.Service(context, report_count=0, **fields)
        service.obj_reset_changes()
        computes.append(
            types.SimpleNamespace(
                service_ref=service,
                report_interval=options['report_interval'],
                topic='compute',
            )
        )
    json.dump(Load(options, computes).run(), sys.stdout)


class Load:
    """The heartbeats of simulated computes.

    :param options: what :func:`run` gave
    :param computes: what nova's ``Service`` is to its driver
    """

    def __init__(self, options: dict[str, Any], computes: list[Any]) -> None:
        from nova_sg.nova_tree.grouped import caller

        self._options = options
        self._lock = threading.Lock()
        self._result: dict[str, Any] = {'times': [], 'errors': 0, 'beats': 0}
        # A heartbeat counts that was due then or later.
        self._measured_from = 0.0
        if options['way'] == 'grouped':
            self._beats = [self._ours(caller.Caller(e)) for e in computes]
        else:
            self._beats = [self._novas(each) for each in computes]

    def _ours(self, caller: Any) -> Any:
        def beat_() -> bool:
            calls = caller._joining or not caller._casts
            caller._beat()
            return bool(calls)

        return beat_

    def _novas(self, compute: Any) -> Any:
        def beat_() -> bool:
            compute.service_ref.report_count += 1
            compute.service_ref.save()
            return True

        return beat_

    def run(self) -> dict[str, Any]:
        interval = self._options['interval']
        begin = self._begin()
        spent = 0.0
        with futures.ThreadPoolExecutor(THREADS) as pool:
            joining = self._options['joining']
            self._measured_from = begin + interval * joining
            rounds = joining + int(self._options['seconds'] / interval)
            for round_ in range(rounds):
                if round_ == joining:
                    spent = time.process_time()
                for index, beat_ in enumerate(self._beats):
                    due = begin + interval * (
                        round_ + index / len(self._beats)
                    )
                    time.sleep(max(0.0, due - time.time()))
                    pool.submit(self._one, beat_, due)
        self._result['cpu'] = time.process_time() - spent
        return self._result

    def _begin(self) -> float:
        """Return when all processes begin."""
        pathlib.Path(self._options['ready']).touch()
        begin = pathlib.Path(self._options['begin'])
        while not begin.exists():
            time.sleep(0.05)
        return float(begin.read_text(encoding='utf-8'))

    def _one(self, beat_: Any, due: float) -> None:
        try:
            answered = beat_()
        except Exception:
            with self._lock:
                self._result['errors'] += due >= self._measured_from
            return
        if due < self._measured_from:
            return
        with self._lock:
            self._result['beats'] += 1
            if answered:
                self._result['times'].append(time.time() - due)
