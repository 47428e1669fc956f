# SPDX-License-Identifier: Apache-2.0

"""Makes the configured driver and its record store."""

from oslo_config import cfg

from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup.records import base as records_base
from nova_sg.servicegroup.records import known


def load(
    conf: cfg.ConfigOpts, records: known.KnownRecords | None = None
) -> sg_driver.Driver:
    """Return the configured driver with its record store.

    :param conf: a loaded configuration
    :param records: the record store to use; None for the configured one
    :raises InvalidConfiguration: there is no such driver or record store,
        or what it needs is not installed
    """
    if records is None:
        records = records_class(conf)(conf)
    with plugins.installed('driver', conf.servicegroup.driver):
        return driver_class(conf)(conf, records)


def driver_class(conf: cfg.ConfigOpts) -> type[sg_driver.Driver]:
    """Return the class of the configured driver.

    :raises InvalidConfiguration: see :func:`load`
    """
    found: type[sg_driver.Driver]
    found = plugins.driver_named(conf.servicegroup.driver)
    return found


def records_class(conf: cfg.ConfigOpts) -> type[records_base.RecordStore]:
    """Return the class of the configured record store.

    :raises InvalidConfiguration: see :func:`load`
    """
    found: type[records_base.RecordStore] = plugins.configured_records(conf)
    return found


def uses_database(conf: cfg.ConfigOpts) -> bool:
    """Return whether records or memberships are in the database.

    :raises InvalidConfiguration: see :func:`load`
    """
    return (
        records_class(conf).uses_database or driver_class(conf).uses_database
    )
