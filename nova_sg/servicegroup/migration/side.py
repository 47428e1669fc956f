# SPDX-License-Identifier: Apache-2.0

"""One side of a migration: a driver and its backends."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
from typing import NamedTuple
from typing import Self

from oslo_config import cfg

from nova_sg import exception
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup.records import base as records_base

#: Loads the configuration of this process, anew each time.
Load = Callable[[], cfg.ConfigOpts]


class Place(NamedTuple):
    """Where services are, or are to go, in an operator's words.

    :param driver: as of ``[servicegroup] driver``
    :param records: as of ``[servicegroup] records``; None for the driver's
        own
    """

    driver: str
    records: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the place of a text: ``DRIVER`` or ``DRIVER:RECORDS``.

        :raises InvalidInput: it is neither
        """
        driver, colon, records = text.partition(':')
        if not driver or (colon and not records) or ':' in records:
            raise exception.InvalidInput(
                reason=f'{text!r} is neither DRIVER nor DRIVER:RECORDS'
            )
        return cls(driver, records or None)

    @classmethod
    def of(cls, theirs: marker.Marker) -> Self:
        """Return the place of a deployment."""
        return cls(theirs.driver, theirs.records)

    def __str__(self) -> str:
        return ':'.join(filter(None, self))


@dataclasses.dataclass(frozen=True)
class Side:
    """A driver, configured as a process of its deployment has it.

    :param driver: the driver
    :param ours: how a backend of this deployment is marked
    """

    driver: sg_driver.Driver
    ours: marker.Marker

    @classmethod
    def load(cls, load: Load, place: Place) -> Self:
        """Make the driver of a place; it is asked nothing yet.

        :raises InvalidConfiguration: there is no such driver, or an option
            it reads is no use
        """
        conf = load()
        for option, value in (
            ('driver', place.driver),
            ('records', place.records),
            # Nobody stands between this process and the backends.
            ('use_conductor', False),
        ):
            conf.set_override(option, value, 'servicegroup')
        return cls(loader.load(conf), plugins.our_marker(conf))

    @property
    def records(self) -> records_base.RecordStore:
        return self.driver.records

    @property
    def stores(self) -> Sequence[marker.MarkerStore]:
        """The places where its backends are marked, the records' first."""
        return self.driver.marker_stores()

    @property
    def names(self) -> Sequence[str]:
        """The names of its backends."""
        return [store.name for store in self.stores]
