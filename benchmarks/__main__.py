# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


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
from benchmarks import report
from benchmarks import store
from benchmarks import targets
from benchmarks import visibility
from benchmarks import world as world_

NAMES = (
    *(case.name for case in cases.CASES),
    visibility.CASE,
    *lifetimes.ENDS,
)


#: What ends a run from outside, beside Ctrl-C.
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    args = _arguments()
    for each in ENDINGS:
        signal.signal(each, _end)
    kept = store.Store(args.output)
    bench = benchmark.Benchmark(args, kept)
    for backend in args.backend:
        bench.run(backend)
    verdicts = targets.judge(bench.found)
    print(report.text(report.measured(bench.found)))
    if verdicts:
        print()
        print(report.text(report.judged(verdicts)))
    kept.draw()
    return int(args.check and not all(each.reached for each in verdicts))


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
        help='exit with 1 where a target is missed',
    )
    parser.add_argument(
        '--backend',
        action='append',
        choices=world_.BACKENDS,
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
        default=pathlib.Path('benchmark-results'),
        help='where the results are kept (default: %(default)s)',
    )
    parser.add_argument(
        '--names',
        action='version',
        version='\n'.join(NAMES),
        help='list the names of the cases',
    )
    parser.add_argument('--nova', required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(NAMES))
    if unknown:
        parser.error(f'there is no case {", ".join(unknown)} (see --help)')
    args.backend = args.backend or list(world_.BACKENDS)
    return args


def _end(number: int, _frame: Any) -> None:
    """End as with Ctrl-C: servers and children are not left behind."""
    for each in ENDINGS:
        # What cleans up is not to be cut off by another one.
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == '__main__':
    sys.exit(main())
