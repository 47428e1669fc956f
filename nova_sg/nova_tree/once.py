# SPDX-License-Identifier: Apache-2.0

"""Changes of nova's own table that are made once.

nova's own functions make a change and commit it. Where the answer to the
COMMIT is lost, the outcome is unknown, and a call to a conductor that the
broker delivers twice is made twice (see
``servicegroup.records.change``). Here the token of the change is inserted in
the same transaction, into a table of nova_sg's own beside nova's, and so an
attempt can be repeated.

A database without that table has nova's rule: a change is attempted once
where it is, a call that is delivered twice is made twice, and after a lost
answer to a COMMIT the row is compared with what was wanted. That cannot tell
this change from the same one by another process.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import inspect
import time
from typing import Any
from typing import NamedTuple
from typing import Self
import weakref

from nova import exception as nova_exception
from nova.db.main import api as db
from nova.db.main import models as nova_models
from oslo_db import exception as db_exc
from oslo_log import log as logging
import tenacity

from nova_sg import exception
from nova_sg.db import attempts
from nova_sg.db import beats
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import originals
from nova_sg.nova_tree import tables
from nova_sg.nova_tree import traces
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.records import change as sg_change

LOG = logging.getLogger(__name__)

#: Attempts at most, the first one included: where they meet deadlocks, as
#: many as nova makes, and where the connection is lost.
_DEADLOCKS = 6
_LOST = 3


def _enough(state: tenacity.RetryCallState) -> bool:
    error = state.outcome and state.outcome.exception()
    deadlock = isinstance(error, db_exc.DBDeadlock)
    return state.attempt_number >= (_DEADLOCKS if deadlock else _LOST)


#: For a change that finds what became of it, and for one that cannot.
_ONCE = tenacity.Retrying(
    retry=tenacity.retry_if_exception_type(attempts.TRANSIENT),
    wait=tenacity.wait_random_exponential(multiplier=0.5, max=2),
    stop=_enough,
    reraise=True,
)
_AT_MOST_ONCE = _ONCE.copy(
    retry=tenacity.retry_if_exception_type(db_exc.DBDeadlock)
)

#: Seconds for which a database that has no table of ours is not asked again.
_LOOK_AGAIN = 60.0

#: By engine: whether it has our table, and when it was looked for.
_looked: weakref.WeakKeyDictionary[Any, tuple[bool, float]] = (
    weakref.WeakKeyDictionary()
)


class Change(NamedTuple):
    """A call of a function of nova's that changes its table.

    :param context: nova's, which leads to the database
    :param token: the token of the change
    :param ours: how the deployment of this process is marked
    """

    context: Any
    token: str
    ours: marker.Marker

    @classmethod
    def of(cls, context: Any) -> Self:
        """Return the change that a call of nova's makes, under ``db``."""
        return cls(context, sg_change.token_of(context), moved.novas_marker())


def create(
    change: Change, novas: Callable[..., Any], values: Mapping[str, Any]
) -> Any:
    """Create a row, once. Result and errors are those of nova's function."""
    write = writes.Write(change.token, writes.CREATE, str(values.get('uuid')))
    return _make(change, write, _bare(change, novas, values), values)


def update(
    change: Change,
    novas: Callable[..., Any],
    service_id: Any,
    values: Mapping[str, Any],
) -> Any:
    """Change a row, once. Result and errors are those of nova's function."""
    if 'report_count' in values:
        # A beat does no harm when it is made twice, and there are many.
        return novas(change.context, service_id, values)
    write = writes.Write(change.token, 'update', str(service_id))
    work = _bare(change, novas, service_id, values)
    if traces.leaves(values) and traces.has_table(change.context):
        work = _leaving(change.context, work, service_id)
    return _make(change, write, work, values)


def destroy(
    change: Change, novas: Callable[..., Any], service_id: Any
) -> None:
    """Destroy a row, once. Errors are those of nova's function."""
    write = writes.Write(change.token, 'destroy', str(service_id))
    _make(change, write, _bare(change, novas, service_id), None)


def made(change: Change) -> Any:
    """Return the row that a change made, as it is now.

    :returns: also one destroyed since; None where the token is not there, or
        the database has no table for it
    """
    if not _has_table(change.context):
        return None
    with _reader(change.context) as session:
        noted = writes.noted(session, change.token)
        return None if noted is None else _row(session, **_key(noted))


#: By the name of the function of nova.db.main.api.
CHANGES: Mapping[str, Callable[..., Any]] = {
    'service_create': create,
    'service_update': update,
    'service_destroy': destroy,
}


def _bare(
    change: Change, novas: Callable[..., Any], *arguments: Any
) -> Callable[[], Any]:
    """Return the work of a function of nova's, for a transaction of ours.

    Without what nova wraps it in: a repetition inside of a transaction would
    be committed without what the transaction held before.
    """
    bare = inspect.unwrap(novas)

    def work() -> Any:
        with originals.going_inside():
            return bare(change.context, *arguments)

    return work


def _leaving(
    context: Any, work: Callable[[], Any], service_id: Any
) -> Callable[[], Any]:
    """Return work that ages a row, and notes why."""

    def leave() -> Any:
        row = work()
        traces.note_leave(context, beats.SERVICES.id == int(service_id))
        return row

    return leave


def _make(
    change: Change,
    write: writes.Write,
    work: Callable[[], Any],
    wanted: Mapping[str, Any] | None,
) -> Any:
    """Make a change in a transaction of its own.

    :param wanted: the values of the row afterwards; None where it is gone
    :raises OutcomeUnknown: the answer to a COMMIT was lost
    """
    noting = _has_table(change.context)

    def attempt(session: Any) -> Any:
        if noting:
            made = writes.note(session, write)
            if made is not None:
                return None if wanted is None else _row(session, **_key(made))
            moved.fence(session, change.ours)
        result = work()
        session.flush()
        return result

    tried = attempts.Attempts(
        lambda: _writer(change.context), _ONCE if noting else _AT_MOST_ONCE
    )
    try:
        result = tried.run(attempt)
    except db_exc.DBError as error:
        if not tried.unsure or isinstance(error, db_exc.DBDuplicateEntry):
            # A name that is taken by another: nothing was committed.
            raise
        if noting:
            raise _unknown(error) from error
        return _compare(change, write, wanted, error)
    if noting:
        _confirm(change)
        if writes.prunes(write):
            _prune(change.context)
    return result


def _confirm(change: Change) -> None:
    """Ask a Galera cluster whether services moved before this change.

    :raises OutcomeUnknown: they did, or it cannot be asked
    """
    try:
        with _reader(change.context) as session:
            moved.confirm(session, change.ours)
    except db_exc.DBError as error:
        raise _unknown(error) from error


def _prune(context: Any) -> None:
    """Delete old tokens. The change is committed: a failure is none of it."""
    try:
        with _reader(context) as session:
            tokens = session.execute(writes.old()).scalars().all()
        if tokens:
            with _writer(context) as session:
                session.execute(writes.deletion(tokens))
    except Exception as error:
        LOG.debug('Not deleting old tokens of changes: %s', error)


@contextlib.contextmanager
def _reader(context: Any) -> Iterator[Any]:
    """Yield the session of a transaction that only reads."""
    with db.get_context_manager(context).reader.using(context):
        yield context.session


@contextlib.contextmanager
def _writer(context: Any) -> Iterator[Any]:
    """Yield the session of a transaction in the database of a context."""
    with db.get_context_manager(context).writer.using(context):
        yield context.session


def _compare(
    change: Change,
    write: writes.Write,
    wanted: Mapping[str, Any] | None,
    error: BaseException,
) -> Any:
    """Return the row where it is as it was wanted.

    :raises OutcomeUnknown: it is not, or cannot be asked for
    """
    try:
        with _writer(change.context) as session:
            row = _row(session, **_key(write))
    except nova_exception.ServiceNotFound:
        row = None
    except db_exc.DBError:
        raise _unknown(error) from error
    gone = row is None or row.deleted
    if wanted is None and gone:
        return None
    if (
        wanted is not None
        and not gone
        and all(getattr(row, name) == wanted[name] for name in wanted)
    ):
        return row
    raise _unknown(error) from error


def _key(write: writes.Write) -> dict[str, Any]:
    """Return by what the row of a change is found: nova's ids are integers."""
    if write.action == writes.CREATE:
        return {'uuid': write.uuid}
    return {'id': int(write.uuid)}


def _unknown(error: BaseException) -> exception.OutcomeUnknown:
    return exception.OutcomeUnknown(
        backend="nova's database", reason=errors.first_line(error)
    )


def _row(session: Any, **keys: Any) -> Any:
    """Return a row, even of a service that was destroyed since."""
    row = session.query(nova_models.Service).filter_by(**keys).first()
    if row is None:
        raise nova_exception.ServiceNotFound(service_id=next(iter(keys)))
    return row


def _has_table(context: Any) -> bool:
    of_cell = db.get_engine(context=context)
    there, at = _looked.get(of_cell, (False, -_LOOK_AGAIN))
    now = time.monotonic()
    if not there and now - at >= _LOOK_AGAIN:
        there = tables.has(context, models.writes)
        _looked[of_cell] = (there, now)
    return there
