# SPDX-License-Identifier: Apache-2.0

"""Drivers and record stores by name, through stevedore."""

from collections.abc import Iterator
import contextlib
from importlib import metadata
from typing import Any

from oslo_config import cfg
import stevedore

from nova_sg import exception
from nova_sg.conf import drivers
from nova_sg.conf import servicegroup
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.records import base as records_base

RECORDS = 'nova_sg.servicegroup.records'


def load(
    conf: cfg.ConfigOpts, records: records_base.RecordStore | None = None
) -> sg_driver.Driver:
    """Return the configured driver with its record store.

    :param conf: a loaded configuration
    :param records: the record store to use; None for the configured one
    :raises InvalidConfiguration: there is no such driver or record store,
        or what it needs is not installed
    """
    if records is None:
        records = records_class(conf)(conf)
    name = conf.servicegroup.driver
    with _installed('driver', name):
        return driver_named(name)(conf, records)


def driver_class(conf: cfg.ConfigOpts) -> type[sg_driver.Driver]:
    """Return the class of the configured driver.

    :raises InvalidConfiguration: see :func:`load`
    """
    return driver_named(conf.servicegroup.driver)


def driver_named(name: str) -> type[sg_driver.Driver]:
    """Return the class of a driver.

    :param name: as of ``[servicegroup] driver``
    :raises InvalidConfiguration: see :func:`load`
    """
    found: type[sg_driver.Driver]
    with _installed('driver', name):
        found = _plugin(drivers.NAMESPACE, 'driver', name)
    return found


def records_class(conf: cfg.ConfigOpts) -> type[records_base.RecordStore]:
    """Return the class of the configured record store.

    :raises InvalidConfiguration: see :func:`load`
    """
    option = 'records' if conf.servicegroup.records else 'driver'
    found: type[records_base.RecordStore]
    with _installed(option, getattr(conf.servicegroup, option)):
        found = _plugin(RECORDS, 'records', records_name(conf))
    return found


def uses_database(conf: cfg.ConfigOpts) -> bool:
    """Return whether records or memberships are in the database.

    :raises InvalidConfiguration: see :func:`load`
    """
    return (
        records_class(conf).uses_database or driver_class(conf).uses_database
    )


def records_name(conf: cfg.ConfigOpts) -> str:
    """Return where records are kept: the option, else the driver's own."""
    if conf.servicegroup.records:
        return str(conf.servicegroup.records)
    return driver_class(conf).default_records


def our_marker(conf: cfg.ConfigOpts) -> marker.Marker:
    """Return the deployment marker of this configuration."""
    return marker.Marker(conf.servicegroup.driver, records_name(conf))


def novas_marker() -> marker.Marker:
    """Return how services are marked that are kept as nova keeps them."""
    name = servicegroup.DEFAULT_DRIVER
    return marker.Marker(name, driver_named(name).default_records)


@contextlib.contextmanager
def _installed(option: str, name: str) -> Iterator[None]:
    """Say which option needs a library that cannot be imported.

    :param option: of ``[servicegroup]``
    :param name: its value
    """
    try:
        yield
    except ImportError as error:
        raise exception.InvalidConfiguration(
            option=f'[servicegroup] {option}',
            reason=f'{name!r} needs {error.name}, which is not installed',
        ) from error


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
        # Not through stevedore: it would load each, and complain of those
        # whose library is not installed.
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
