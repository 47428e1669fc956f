# SPDX-License-Identifier: Apache-2.0


"""nova_sg beside stock nova, and beside the least that each case can cost.

Every sample follows a beat of all services and ten disables, the sides take
turns in the same run, and what is compared is what both have found. Results
are kept in a directory: a run renews those of the cases it measures.
"""

import argparse
import pathlib
import signal
import sys
from typing import Any

from benchmarks import benchmark
from benchmarks import cases
from benchmarks import lifetimes
from benchmarks import processes
from benchmarks import report
from benchmarks import runner
from benchmarks import servers
from benchmarks import sides
from benchmarks import store
from benchmarks import targets
from benchmarks import visibility
from nova_sg.tests.fixtures.servers import base
from nova_sg.tests.fixtures.servers import daemon

NAMES = (
    *(case.name for case in cases.CASES),
    visibility.CASE,
    *lifetimes.ENDS,
)

#: What ends a run, and is said in its own words.
FAILURES = (
    processes.Ended,
    runner.Disagree,
    sides.SideFailed,
    base.ServerFailed,
    daemon.MissingPackage,
    OSError,
)

#: Below, there would not be enough to disable.
LEAST = 100

#: What ends a run from outside, beside Ctrl-C.
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the benchmark.

    :returns: 0; 1 where a target was to be checked and is missed; 2 where
        nothing could be measured, or what was is no target
    """
    args = _arguments()
    for each in ENDINGS:
        signal.signal(each, _end)
    kept = store.Store(args.output)
    bench = benchmark.Benchmark(args, kept)
    try:
        for backend in args.backend:
            bench.run(backend)
    except FAILURES as error:
        return _say(str(error))
    except KeyboardInterrupt:
        return _say('interrupted')
    finally:
        # What was measured stands, whatever came after.
        if bench.found:
            kept.draw()
    verdicts = targets.judge(bench.found)
    print(report.text(report.measured(bench.found)))
    if verdicts:
        print()
        print(report.text(report.judged(verdicts)))
    elif args.check:
        return _say('no target is taken from what was measured')
    return int(args.check and not all(each.reached for each in verdicts))


def _say(error: str) -> int:
    print(f'benchmark.sh: error: {error}', file=sys.stderr)
    return 2


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='tools/benchmark.sh',
        description=(__doc__ or '').partition('\n')[0],
        epilog=f'NAME is a case: {", ".join(NAMES)}; all without one.',
    )
    parser.add_argument('names', metavar='NAME', nargs='*', default=NAMES)
    parser.add_argument(
        '--quick',
        action='store_true',
        help='1,000 services, and few samples: to see that it works',
    )
    parser.add_argument(
        '--targets',
        action='store_true',
        help='only what a target is taken from',
    )
    parser.add_argument(
        '--check',
        action='store_true',
        help='exit with 1 where a target is missed, with 2 where none is '
        'taken from what was measured',
    )
    parser.add_argument(
        '--backend',
        action='append',
        choices=servers.BACKENDS,
        help='only on this one; may be given several times',
    )
    parser.add_argument(
        '--size',
        action='append',
        type=int,
        help='only for so many services; may be given several times',
    )
    parser.add_argument(
        '--output',
        metavar='DIRECTORY',
        type=pathlib.Path,
        help='where the results are kept (default: benchmark-results, and '
        'with --quick its directory quick)',
    )
    parser.add_argument(
        '--names',
        dest='names_only',
        action='store_true',
        help='list the names of the cases',
    )
    parser.add_argument('--nova', required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(NAMES))
    if unknown:
        parser.error(f'there is no case {", ".join(unknown)} (see --help)')
    if args.names_only:
        print('\n'.join(NAMES))
        parser.exit()
    if args.size and min(args.size) < LEAST:
        parser.error(f'--size: at least {LEAST} services')
    args.backend = args.backend or list(servers.BACKENDS)
    if args.output is None:
        results = pathlib.Path('benchmark-results')
        args.output = results / 'quick' if args.quick else results
    return args


def _end(number: int, _frame: Any) -> None:
    """End as with Ctrl-C: servers and children are not left behind."""
    for each in ENDINGS:
        # What cleans up is not to be cut off by another one.
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == '__main__':
    sys.exit(main())
