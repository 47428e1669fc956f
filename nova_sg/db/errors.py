# SPDX-License-Identifier: Apache-2.0

"""What callers of the database are told of what its libraries raise."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import refusals


@contextlib.contextmanager
def translated(
    url: sa.URL, name: str, connected: Callable[[], bool]
) -> Iterator[None]:
    """Raise the errors of drivers, SQLAlchemy and oslo.db as errors of ours.

    Not those of constraints, which a caller has to interpret.

    :param url: the URL of the database
    :param name: the database as an operator knows it
    :param connected: whether this process has reached the database before
    :raises InvalidConfiguration: only a person can mend it
    :raises InvalidInput: the database refuses a value
    :raises SchemaNotReady: a table is missing
    :raises ServiceGroupUnavailable: the database cannot be asked
    """
    try:
        yield
    except db_exc.DBNonExistentTable as error:
        raise exception.SchemaNotReady(backend=name) from error
    except (db_exc.DBDataError, db_exc.DBInvalidUnicodeParameter) as error:
        raise refusals.of_value(error) from error
    except (db_exc.DBDuplicateEntry, db_exc.DBReferenceError):
        raise
    except (
        AttributeError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        if connected():
            raise
        # A driver that was given a parameter it cannot use.
        raise refusals.of_url(error, url) from error
    except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
        refused = refusals.by_server(error, url)
        # A process that was connected before goes on: no operator would
        # restart each host when the password is right again.
        if refused is not None and not connected():
            raise refused from error
        if refusals.refuses_value(error):
            raise refusals.of_value(error) from error
        if refusals.lacks_table(error):
            raise exception.SchemaNotReady(backend=name) from error
        raise exception.ServiceGroupUnavailable(
            backend=name, reason=refusals.reason_of(error)
        ) from error
