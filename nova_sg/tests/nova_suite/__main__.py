# SPDX-License-Identifier: Apache-2.0

"""Start the servers, run nova's tests, and say whether all is well."""

import argparse
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import pathlib
import subprocess
import sys
import time

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.nova_suite import suite
from nova_sg.tests.nova_suite import verdict

_SHOWN = 20  # of a list that may be long


def main() -> int:
    """Run the tests, and return the exit code of the process."""
    arguments = _parser().parse_args()
    modules = arguments.modules or suite.MODULES
    driver = None if arguments.off else arguments.driver
    began = time.monotonic()
    with _backend(driver, arguments.beats) as options:
        results = suite.Suite(
            source=arguments.source,
            on=not arguments.off,
            threading=arguments.threading,
            options=options,
            exclude=arguments.exclude,
            concurrency=arguments.concurrency,
        ).run(modules)
    judged = verdict.Verdict(results, verdict.Allowed.read(driver))
    rows = judged.rows()
    if not rows:
        print('No test ran.')
        return 1
    print()
    verdict.print_table([*rows, judged.total()])
    if arguments.csv is not None:
        verdict.write_csv([*rows, judged.total()], arguments.csv)
    print(f'{time.monotonic() - began:.0f} s')
    return _judge(judged, modules, driver)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='nova_tree_tests.sh')
    parser.add_argument('--driver', choices=('db', 'zk', 'mc'), default='zk')
    parser.add_argument('--off', action='store_true')
    parser.add_argument(
        '--eventlet', dest='threading', action='store_false', default=True
    )
    parser.add_argument('--exclude')
    parser.add_argument('--concurrency', type=int, default=0)
    parser.add_argument('--beats', choices=('nova', 'grouped'))
    parser.add_argument('--csv', type=pathlib.Path)
    parser.add_argument('--source', type=pathlib.Path, required=True)
    parser.add_argument('modules', nargs='*')
    return parser


@contextlib.contextmanager
def _backend(
    driver: str | None, beats: str | None
) -> Iterator[Mapping[str, str]]:
    """Start what a driver needs; its options, as environment."""
    with contextlib.ExitStack() as stack:
        options: Mapping[str, str] = {}
        if driver == 'zk':
            zk = stack.enter_context(zookeeper.ZookeeperServer())
            options = {'OS_ZOOKEEPER__HOSTS': zk.hosts}
        elif driver == 'mc':
            # For all workers at once, each with its own keys.
            mc = stack.enter_context(memcached.MemcachedServer(['-m', '512']))
            options = {
                'OS_MEMCACHED__SERVERS': mc.hosts,
                'OS_SERVICEGROUP__RECORDS': 'memcached',
            }
        if driver is not None:
            options = {**options, 'OS_SERVICEGROUP__DRIVER': driver}
        if beats is not None:
            options = {**options, 'OS_SERVICEGROUP__BEATS': beats}
        if driver == 'mc':
            _settle(options)
        yield options


def _settle(options: Mapping[str, str]) -> None:
    """Wait until a new memcached tells which services are dead.

    Until then services that tests have made up count as alive, and which
    tests that affects is chance.
    """
    check = [sys.executable, '-m', 'nova_sg.cmd.manage', 'driver', 'check']
    deadline = time.monotonic() + 120
    answer = ''
    while answer != 'no':
        if time.monotonic() > deadline:
            raise TimeoutError(f'memcached does not settle: {answer}')
        time.sleep(1)
        answer = subprocess.run(
            [*check, '-f', 'value', '-c', 'settling'],
            env={**os.environ, **options},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()


def _judge(
    judged: verdict.Verdict, modules: list[str], driver: str | None
) -> int:
    statements = judged.statements()
    named = [f'{count:>6}  {test}' for test, count in statements.items()]
    checks: list[tuple[str, list[str]]] = [
        ('These modules have no test:', judged.missing(modules)),
        (
            'These tests failed and are not allowed to:',
            judged.unexpected_failures(),
        ),
        (
            'These tests are allowed to fail and do not, take them off the '
            'list:',
            judged.needless_allowances(),
        ),
    ]
    if driver in ('zk', 'mc'):
        checks.append(('These tests named the table services:', named))
    elif driver is None and not statements:
        checks.append(
            ('The watcher sees nothing:', ['nova itself named no services'])
        )
    wrong = [check for check in checks if check[1]]
    for heading, lines in wrong:
        print(f'\n{heading}')
        print('\n'.join(f'  {line}' for line in lines[:_SHOWN]))
        if len(lines) > _SHOWN:
            print(f'  ... {len(lines) - _SHOWN} more')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main())
