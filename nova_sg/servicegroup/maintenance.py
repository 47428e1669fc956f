# SPDX-License-Identifier: Apache-2.0

"""What an operator asks of the backends themselves, beside services.

The commands come through here, since they never import a driver or the
database: where things are kept is known below this line only.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import time
from typing import NamedTuple
from typing import TYPE_CHECKING

from oslo_config import cfg

from nova_sg import exception
from nova_sg import inventory
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins

if TYPE_CHECKING:
    from nova_sg.db import engine


class Schema(NamedTuple):
    """The schema of a database, and what this code needs.

    :param database: its name, without the password
    :param found: its revision; None where there is no schema
    :param expected: the revision this code needs
    """

    database: str
    found: str | None
    expected: str


class Backend(NamedTuple):
    """A backend that has answered.

    :param name: its name, without the password
    :param round_trip: seconds for one question and its answer
    :param marker: the deployment it belongs to; None where it is not marked
    :param facts: what else it tells of itself, by name
    """

    name: str
    round_trip: float
    marker: marker.Marker | None
    facts: Mapping[str, str | int]


def uses_database(conf: cfg.ConfigOpts) -> bool:
    """Return whether this process keeps anything in a database.

    With a conductor it is the conductor that does.
    """
    if conf.servicegroup.use_conductor:
        return False
    return inventory.uses_database(conf) or loader.uses_database(conf)


def sync(conf: cfg.ConfigOpts) -> Schema:
    """Bring the schema of the configured database to what this code needs.

    :returns: the schema as it was before
    :raises InvalidConfiguration: nothing is kept in a database
    :raises ServiceGroupUnavailable: the database cannot be asked
    :raises SchemaVersionMismatch: the schema is newer than this code
    :raises Conflict: there is a ``services`` table that is not nova's
    """
    database = _database(conf)
    before, after = database.upgrade()
    return Schema(database.name, before, after)


def schema(conf: cfg.ConfigOpts) -> Schema:
    """Return the schema of the configured database.

    :raises InvalidConfiguration: nothing is kept in a database
    :raises ServiceGroupUnavailable: the database cannot be asked
    """
    # Imported here: a deployment without a database loads none of it.
    from nova_sg.db import schema

    database = _database(conf)
    return Schema(database.name, database.revision(), schema.head())


def check_schema(conf: cfg.ConfigOpts) -> None:
    """Refuse a schema that this code cannot work with.

    :raises InvalidConfiguration: nothing is kept in a database
    :raises ServiceGroupUnavailable: the database cannot be asked
    :raises SchemaNotReady: there is no schema
    :raises SchemaVersionMismatch: it is older or newer than this code
    :raises Conflict: the ``services`` table lacks columns
    """
    from nova_sg.db import schema

    database = _database(conf)
    missing = database.read(schema.missing_columns)
    if missing:
        raise schema.cannot_adopt(database.name, missing)


def check_rights(conf: cfg.ConfigOpts) -> str | None:
    """Refuse a user of the database that lacks a right on a table.

    :returns: what is lacking that services can do without, and what gives it;
        None where nothing is
    :raises CredentialRefused: naming what gives the rights
    :raises InvalidConfiguration: nothing is kept in a database
    :raises ServiceGroupUnavailable: the database cannot be asked
    """
    # Imported here: a deployment without a database loads none of it.
    from nova_sg.db import rights
    from nova_sg.db import schema

    database = _database(conf)
    if database.revision() not in (None, schema.head()):
        # The tables that are to be granted are not there yet.
        return None
    grants = database.missing_rights()
    if any(each.table not in rights.OPTIONAL for each in grants):
        raise rights.refusal(database.name, grants)
    if not grants:
        return None
    return (
        f'The user of {database.name} lacks rights, and what they are for is '
        f'not kept. As an administrator, run: {rights.statements(grants)}'
    )


def ask(stores: Iterable[marker.MarkerStore]) -> list[Backend]:
    """Ask each backend, and measure how long it takes.

    :param stores: where the backends are marked
    :raises ServiceGroupUnavailable: naming the backend that cannot be asked
    """
    backends = []
    for store in stores:
        # The first question connects; the second one is a round trip.
        store.read()
        began = time.perf_counter()
        theirs = store.read()
        round_trip = time.perf_counter() - began
        backends.append(Backend(store.name, round_trip, theirs, store.facts()))
    return backends


def _database(conf: cfg.ConfigOpts) -> 'engine.Database':
    if not uses_database(conf):
        ours = plugins.our_marker(conf)
        reason = f'with {ours} nothing is kept in a database'
        if not conf.servicegroup.use_conductor:
            reason += (
                ': to prepare a database for a move, set '
                'OS_SERVICEGROUP__DRIVER=db for this command'
            )
        raise exception.InvalidConfiguration(
            option='[servicegroup] driver', reason=reason
        )
    from nova_sg.db import engine

    return engine.get(conf)
