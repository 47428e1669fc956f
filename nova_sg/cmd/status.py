# SPDX-License-Identifier: Apache-2.0


"""nova-sg-status upgrade check: may this version be started here?

Exit codes are those of oslo.upgradecheck, as of every nova-status: 0 all
checks passed, 1 a warning, 2 a failure (or bad usage), 255 unexpected.
"""

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import functools
import sys

from oslo_config import cfg
from oslo_upgradecheck import upgradecheck

from nova_sg import conductor as sg_conductor
from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.cmd import common
from nova_sg.servicegroup import maintenance
from nova_sg.servicegroup import plugins

PROGRAM = 'nova-sg-status'

UNEXPECTED = 255


class _NotChecked(Exception):
    """What a check needs is not there; another check says so."""


class _Doubtful(Exception):
    """This version may be started, and will not do all that it could."""


def _check(
    check: Callable[['Checks'], str],
) -> Callable[['Checks'], upgradecheck.Result]:
    """Turn errors into the result of a check.

    :param check: returns what it found, for a reader
    """

    @functools.wraps(check)
    def checked(self: 'Checks') -> upgradecheck.Result:
        try:
            details = check(self)
        except _NotChecked as error:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING, f'Not checked: {error}.'
            )
        except _Doubtful as error:
            return upgradecheck.Result(upgradecheck.Code.WARNING, str(error))
        except exception.NovaSgException as error:
            return upgradecheck.Result(
                upgradecheck.Code.FAILURE, common.one_line(error)
            )
        return upgradecheck.Result(upgradecheck.Code.SUCCESS, details)

    return checked


class Checks(upgradecheck.UpgradeCommands):
    """What must be so before services are started with this version.

    :param options: the arguments of the command
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._conf: cfg.ConfigOpts | None = None
        self._backends: list[maintenance.Backend] | None = None

    @_check
    def _configuration(self) -> str:
        conf = common.setup(
            self._options.config_files,
            self._options.config_dirs,
            self._options.debug,
        )
        sg_conductor.setup(conf)
        self._conf = conf
        return str(plugins.our_marker(conf))

    @_check
    def _backend(self) -> str:
        self._need_configuration()
        try:
            stores = servicegroup.get().driver.marker_stores()
            self._backends = maintenance.ask(stores)
        except (
            exception.SchemaNotReady,
            exception.SchemaVersionMismatch,
        ) as error:
            # It did answer; what it said is the matter of the next check.
            return str(error.kwargs['backend'])
        return ', '.join(each.name for each in self._backends)

    @_check
    def _rights(self) -> str:
        conf = self._need_configuration()
        if not maintenance.uses_database(conf):
            return 'Nothing is kept in a database.'
        lacking = maintenance.check_rights(conf)
        if lacking is not None:
            raise _Doubtful(lacking)
        return 'The user of the database lacks none.'

    @_check
    def _schema(self) -> str:
        conf = self._need_configuration()
        if not maintenance.uses_database(conf):
            return 'Nothing is kept in a database.'
        maintenance.check_schema(conf)
        return f'Revision {maintenance.schema(conf).found}.'

    @_check
    def _deployment(self) -> str:
        conf = self._need_configuration()
        if self._backends is None:
            raise _NotChecked('the backend gave no answer that can be used')
        ours = plugins.our_marker(conf)
        for each in self._backends:
            if each.marker is None:
                return f'{each.name} is not marked yet.'
            if each.marker != ours:
                raise exception.DeploymentMismatch(
                    backend=each.name, theirs=each.marker, ours=ours
                )
        return str(ours)

    def _need_configuration(self) -> cfg.ConfigOpts:
        if self._conf is None:
            raise _NotChecked('the configuration is not valid')
        return self._conf

    _upgrade_checks = (
        ('Configuration', _configuration),
        ('Backend', _backend),
        ('Rights', _rights),
        ('Schema', _schema),
        ('Deployment', _deployment),
    )


def _parser() -> argparse.ArgumentParser:
    parser = common.parser(
        PROGRAM,
        description='Check whether this deployment is ready for this version.',
        epilog='Exit codes: 0 ready, 1 a warning, 2 a failure or bad usage, '
        '255 unexpected.',
    )
    nouns = parser.add_subparsers(metavar='upgrade', required=True)
    upgrade = nouns.add_parser('upgrade', help='before and after an upgrade')
    common.one_line_errors(upgrade)
    verbs = upgrade.add_subparsers(metavar='check', required=True)
    check = verbs.add_parser('check', help='check the deployment')
    common.one_line_errors(check)
    check.add_argument(
        '--json', action='store_true', help='print the results as JSON'
    )
    return parser


def _main(argv: list[str]) -> int:
    parser = _parser()
    if not argv:
        parser.print_help()
        return common.Exit.USAGE
    options = parser.parse_args(argv)
    # Where oslo.upgradecheck looks for --json.
    upgradecheck.CONF = argparse.Namespace(  # type: ignore[assignment]
        command=options
    )
    return Checks(options).check()


def main(argv: Sequence[str] | None = None) -> int:
    """Run nova-sg-status and return its exit code."""
    return common.run(PROGRAM, _main, argv, lambda _error: UNEXPECTED)


if __name__ == '__main__':
    sys.exit(main())
