# SPDX-License-Identifier: Apache-2.0

"""The classes of drivers and record stores, found by name through stevedore.

:mod:`.loader` makes them. This imports neither, so that a record store can ask
how the deployment is configured.
"""

from collections.abc import Iterator
import contextlib
from importlib import metadata
import re
from typing import Any

from oslo_config import cfg
import stevedore

from nova_sg import exception
from nova_sg.conf import drivers
from nova_sg.conf import servicegroup
from nova_sg.servicegroup import marker

RECORDS = 'nova_sg.servicegroup.records'


def driver_named(name: str) -> Any:
    """Return the class of a driver.

    :param name: as of ``[servicegroup] driver``
    :raises InvalidConfiguration: there is no such driver, or what it needs is
        not installed
    """
    with installed('driver', name):
        return _plugin(drivers.NAMESPACE, 'driver', name)


def configured_records(conf: cfg.ConfigOpts) -> Any:
    """Return the class of the configured record store.

    :raises InvalidConfiguration: there is no such record store, or what it
        needs is not installed
    """
    option = 'records' if conf.servicegroup.records else 'driver'
    with installed(option, getattr(conf.servicegroup, option)):
        return _plugin(RECORDS, 'records', records_name(conf))


def records_name(conf: cfg.ConfigOpts) -> str:
    """Return where records are kept: the option, else the driver's own."""
    if conf.servicegroup.records:
        return str(conf.servicegroup.records)
    default: str = driver_named(conf.servicegroup.driver).default_records
    return default


def our_marker(conf: cfg.ConfigOpts) -> marker.Marker:
    """Return the deployment marker of this configuration."""
    return marker.Marker(conf.servicegroup.driver, records_name(conf))


def novas_marker() -> marker.Marker:
    """Return how services are marked that are kept as nova keeps them."""
    name = servicegroup.DEFAULT_DRIVER
    return marker.Marker(name, driver_named(name).default_records)


@contextlib.contextmanager
def installed(option: str, name: str) -> Iterator[None]:
    """Say which option needs a library that cannot be imported.

    :param option: of ``[servicegroup]``
    :param name: its value
    """
    try:
        yield
    except ImportError as error:
        reason = f'{name!r} needs {error.name}, which is not installed'
        extra = _extra_with(str(error.name))
        if extra is not None:
            reason += f': install nova-sg[{extra}]'
        raise exception.InvalidConfiguration(
            option=f'[servicegroup] {option}', reason=reason
        ) from error


def _extra_with(library: str) -> str | None:
    """Return the extra of nova-sg that has a library, None without one."""
    wanted = re.compile(rf'{re.escape(library)}\b.*\bextra == .([\w-]+)')
    for requirement in metadata.requires('nova-sg') or ():
        if found := wanted.match(requirement):
            return found[1]
    return None


def _plugin(namespace: str, option: str, name: str) -> Any:
    found: stevedore.NamedExtensionManager[Any]
    found = stevedore.NamedExtensionManager(
        namespace,
        [name],
        on_load_failure_callback=_raise,
        # Releases differ in what None means to them.
        on_missing_entrypoints_callback=lambda _names: None,
    )
    if name not in found:
        # Not through stevedore: it would load each, and complain of each
        # library that is not installed.
        there = sorted(metadata.entry_points(group=namespace).names)
        raise exception.InvalidConfiguration(
            option=f'[servicegroup] {option}',
            reason=f'{name!r} is not installed; there are: {", ".join(there)}',
        )
    return found[name].plugin


def _raise(
    _manager: object, _entry_point: object, error: BaseException
) -> None:
    raise error
