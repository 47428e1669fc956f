# SPDX-License-Identifier: Apache-2.0

"""Checks of what an operator has set, before a process begins its work."""

from collections.abc import Mapping
import os
from typing import Any

from oslo_config import cfg

from nova_sg import exception
from nova_sg.conf import opts

#: The largest number that an option may have.
MOST = 2**31 - 1


def check(conf: cfg.ConfigOpts) -> None:
    """Read every option once, so that a bad value stops the process here.

    :raises InvalidConfiguration: naming the option and its group
    """
    for name in conf:
        value = _read(conf, 'DEFAULT', name)
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            check_group(conf, name)
    _check_own(conf)
    group = conf.servicegroup
    if group.service_down_time <= group.report_interval:
        raise exception.InvalidConfiguration(
            option='[servicegroup] service_down_time',
            reason=f'{group.service_down_time} s must be more than '
            f'[servicegroup] report_interval, {group.report_interval} s',
        )


def _check_own(conf: cfg.ConfigOpts) -> None:
    """Refuse what the types of oslo.config let pass.

    An empty value of a number is None, and a number may be none, or larger
    than any clock or system call takes.

    :raises InvalidConfiguration: naming the option and its group
    """
    for group, option in opts.own_options():
        if group != 'DEFAULT' and group not in conf:
            # This process has no use for the group.
            continue
        values = conf if group == 'DEFAULT' else conf[group]
        if option.dest not in values:
            continue
        value = values[option.dest]
        reason = None
        if value in (None, '', [], ['']) and option.default:
            reason = 'it must have a value'
        elif isinstance(value, int | float) and not value <= MOST:
            reason = f'{value} is no number up to {MOST}'
        if reason is not None:
            raise exception.InvalidConfiguration(
                option=f'[{group}] {option.name}', reason=reason
            )


def check_group(conf: cfg.ConfigOpts, name: str) -> None:
    """Read every option of a group once.

    :raises InvalidConfiguration: naming the option and its group
    """
    group = conf[name]
    for option in group:
        _read(group, name, option)


def unknown_environment(conf: cfg.ConfigOpts) -> list[str]:
    """Return the environment variables that look like options but are none.

    Only groups which are ours are looked at, and the one where a typo leads
    to another deployment: ``OS_SERVICEGROUP__DRVER`` and
    ``OS_DATABASE__CONECTION`` are typos, ``OS_COMPUTE__X`` may belong to
    another program.

    :returns: names of variables, sorted
    """
    unknown = []
    looked_at = [*opts.own_groups(), 'database']
    for variable in os.environ:
        group, separator, option = variable.removeprefix('OS_').partition('__')
        if not (variable.startswith('OS_') and separator):
            continue
        group = group.lower()
        if group in looked_at and option.lower() not in conf[group]:
            unknown.append(variable)
    return sorted(unknown)


def _read(options: Mapping[str, Any], group: str, name: str) -> Any:
    try:
        return options[name]
    except (cfg.Error, ValueError) as error:
        # oslo.config wraps the reason in a sentence about its own classes.
        raise exception.InvalidConfiguration(
            option=f'[{group}] {name}',
            reason=one_line(error.__context__ or error),
        ) from error


def one_line(error: BaseException) -> str:
    return ' '.join(str(error).split())
