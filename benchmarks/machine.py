# SPDX-License-Identifier: Apache-2.0


"""What a result was measured on."""

import importlib.metadata
import os
import pathlib
import platform
import sqlite3
import subprocess
from typing import Any

PACKAGES = (
    'nova-sg',
    'nova',
    'oslo.db',
    'oslo.messaging',
    'oslo.versionedobjects',
    'SQLAlchemy',
    'kazoo',
    'pymemcache',
    'psycopg2-binary',
    'PyMySQL',
    'orjson',
    'WebOb',
)

#: Debian's packages of the servers.
SERVERS = (
    'postgresql',
    'mariadb-server',
    'memcached',
    'zookeeper',
    'rabbitmq-server',
)


def describe(nova_python: str) -> dict[str, Any]:
    """Return the machine, and the versions on it.

    :param nova_python: the interpreter of stock nova's environment
    """
    return {
        'cpu': _cpu(),
        'cores': os.cpu_count(),
        'memory_gb': round(
            os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
        ),
        'kernel': platform.release(),
        'python': platform.python_version(),
        'ours': _versions(),
        'nova': _versions_of(nova_python),
        'servers': {'SQLite': sqlite3.sqlite_version, **_servers()},
    }


def _cpu() -> str:
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.machine()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _versions_of(python: str) -> dict[str, str]:
    """Return the versions in another environment."""
    listed = subprocess.run(
        [
            python,
            # Else it would find what stands in this directory, too.
            '-I',
            '-c',
            'import importlib.metadata as m\n'
            'for d in m.distributions(): print(d.name, d.version)',
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    versions = dict(line.split() for line in listed.splitlines())
    return {name: versions[name] for name in PACKAGES if name in versions}


def _servers() -> dict[str, str]:
    """Return the versions of the servers, as far as Debian's tool knows."""
    try:
        listed = subprocess.run(
            ['dpkg-query', '-W', '-f', '${Package} ${Version}\n', *SERVERS],
            check=False,
            capture_output=True,
            text=True,
        ).stdout
    except FileNotFoundError:
        return {}
    # A package that is not there has a name and no version.
    lines = (line.split() for line in listed.splitlines())
    return dict(line for line in lines if len(line) == 2)
