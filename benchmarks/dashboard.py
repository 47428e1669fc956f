# SPDX-License-Identifier: Apache-2.0

"""What being looked at costs with many hosts, by a page and by Prometheus.

``python -m benchmarks.dashboard`` registers simulated hosts with
nova-sg-agent in a ZooKeeper of its own, serves page and metrics, and measures
three things: a poll of the page that finds nothing new, by a client that keeps
its connection, and what nova-sg-api spends of that; the time until Chromium
shows all hosts; and a scrape that lists the services. Let nothing else run
meanwhile.
"""

import argparse
import base64
import gzip
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import time
from typing import Any
from urllib import parse
import urllib.request

import fixtures

from nova_sg.api.dashboard import session
from nova_sg.metrics import deployment
from nova_sg.tests.fixtures import browser
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper

#: How often Prometheus asks.
_SCRAPES = 20

#: Milliseconds until all hosts are shown; None before.
_SHOWN = (
    'return performance.getEntriesByName("services")[0]?.startTime ?? null'
)
_PAINTED = (
    'return performance.getEntriesByName("first-contentful-paint")[0]'
    '?.startTime ?? null'
)


class _Polls:
    """A client of the page that keeps its connection."""

    def __init__(self, url: str, cookie: str) -> None:
        self._connection = http.client.HTTPConnection(
            parse.urlsplit(url).netloc, timeout=60
        )
        self._headers = {'Cookie': cookie, 'Accept-Encoding': 'gzip'}

    def ask(self, revision: str = '') -> tuple[int, str, bytes]:
        self._connection.request(
            'GET',
            '/dashboard/state',
            headers={**self._headers, 'If-None-Match': revision},
        )
        answer = self._connection.getresponse()
        body = answer.read()
        return answer.status, answer.headers['ETag'], body


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or '').split('\n')[0]
    )
    parser.add_argument('--hosts', type=int, default=10_000)
    parser.add_argument('--polls', type=int, default=500)
    args = parser.parse_args()
    with fixtures.TempDir() as place:
        print(json.dumps(_measure(place.path, args.hosts, args.polls)))


def _measure(directory: str, hosts: int, polls: int) -> dict[str, Any]:
    with zookeeper.ZookeeperServer() as ensemble:
        options = {
            'OS_SERVICEGROUP__DRIVER': 'zk',
            'OS_ZOOKEEPER__HOSTS': ensemble.hosts,
            'OS_SERVICEGROUP__SERVICE_DOWN_TIME': '600',
            'OS_DEFAULT__STATE_PATH': directory,
        }
        agent = subprocess.Popen(
            [
                *(sys.executable, '-m', 'nova_sg.cmd.agent'),
                *('--host', 'host', '--count', str(hosts)),
            ],
            env={**commands.environment(), 'HOME': directory, **options},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with (
                # What is measured is what a user starts.
                fixtures.EnvironmentVariable('NOVA_SG_NEW_INTERPRETERS', '1'),
                ports.Port() as port,
                rest_process.RestProcess(
                    _Conf(),
                    inventory={'backend': 'none'},
                    servicegroup={'driver': 'zk'},
                    zookeeper={'hosts': ensemble.hosts},
                    dashboard={'enabled': 'true'},
                    monitoring={'ports': f'nova-sg-api:{port.number}'},
                ) as served,
            ):
                page = _measure_served(served, port.number, hosts, polls)
                return {**page, **_scrape(port.number, hosts)}
        finally:
            agent.terminate()
            agent.wait()


class _Conf:
    """Names a database that is never used."""

    class database:  # noqa: N801
        connection = 'sqlite://'


def _measure_served(
    served: rest_process.RestProcess, metrics: int, hosts: int, polls: int
) -> dict[str, Any]:
    token, _known = served.identity.issue('admin')
    value = base64.urlsafe_b64encode(token.encode()).decode()
    client = _Polls(served.url, f'{session.COOKIE}={value}')
    deadline = time.monotonic() + 600
    while True:
        _status, revision, body = client.ask()
        if _count(client) == hosts:
            break
        if time.monotonic() > deadline:
            raise TimeoutError('the hosts do not come up')
        time.sleep(1)
    times = []
    before = _in_api(metrics)
    while len(times) < polls:
        began = time.perf_counter()
        status, revision, body = client.ask(revision)
        took = time.perf_counter() - began
        if status == 304:
            times.append(took * 1000)
        # As several browsers would: some of them while a list is made.
        time.sleep(0.01)
    spent, answered = (
        now - then for now, then in zip(_in_api(metrics), before, strict=True)
    )
    times.sort()
    return {
        'hosts': hosts,
        'cpus': os.cpu_count(),
        'poll_ms_median': round(statistics.median(times), 2),
        'poll_ms_p95': round(times[int(len(times) * 0.95)], 2),
        'poll_in_api_ms_mean': round(spent * 1000 / answered, 2),
        'document_bytes_packed': len(client.ask()[2]),
        **_paint(served.url, value),
    }


def _count(client: _Polls) -> int:
    content = json.loads(gzip.decompress(client.ask()[2]))
    return len(content['fine'] or ())


def _read(port: int) -> str:
    with urllib.request.urlopen(
        f'http://{ports.HOST}:{port}/metrics', timeout=30
    ) as answer:
        text: str = answer.read().decode()
    return text


def _in_api(port: int) -> tuple[float, float]:
    """Return the seconds that nova-sg-api spent on polls, and how many."""
    text = _read(port)
    found = []
    for name in ('sum', 'count'):
        head = f'nova_sg_rest_request_seconds_{name}'
        match = re.search(rf'{head}{{route="/dashboard/state"}} (\S+)', text)
        assert match is not None, text[:2000]
        found.append(float(match[1]))
    return found[0], found[1]


def _scrape(port: int, hosts: int) -> dict[str, Any]:
    """Return what a scrape takes that lists all services."""
    times = []
    while len(times) < _SCRAPES:
        # Until then the last list is the answer.
        time.sleep(deployment.FRESH + 0.2)
        began = time.perf_counter()
        text = _read(port)
        times.append((time.perf_counter() - began) * 1000)
    assert f'{hosts}.0' in text or f' {hosts}\n' in text, text[:2000]
    return {'scrape_ms_median': round(statistics.median(times), 1)}


def _paint(url: str, cookie: str) -> dict[str, Any]:
    painted, shown = [], []
    with browser.Browser() as made:
        for _ in range(5):
            made.reset()
            made.command('Network.clearBrowserCache')
            made.command(
                'Network.setCookie',
                name=session.COOKIE,
                value=cookie,
                url=f'{url}/dashboard',
                path='/dashboard',
            )
            made.driver.get(f'{url}/dashboard')
            while made.driver.execute_script(_SHOWN) is None:
                time.sleep(0.05)
            painted.append(made.driver.execute_script(_PAINTED))
            shown.append(made.driver.execute_script(_SHOWN))
    return {
        'first_paint_ms': round(statistics.median(painted)),
        'all_hosts_shown_ms': round(statistics.median(shown)),
    }


if __name__ == '__main__':
    main()
