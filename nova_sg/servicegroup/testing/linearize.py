# SPDX-License-Identifier: Apache-2.0

"""Whether what several processes did and saw has any order at all.

A history of one service is linearizable where its operations can be put into
an order such that each has the answer that it would have, done one after the
other, and none comes before one that had ended when it began. The search is
that of Wing and Gong, with the states it has met remembered; histories are
short, as the search is exponential at worst.
"""

from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set
import math
from typing import Any
from typing import NamedTuple

#: What a service is: None where there is none, else its uuid and, by name,
#: the fields that operators decide.
State = tuple[str, tuple[tuple[str, Any], ...]] | None

#: Answers. What was refused had no effect, and never will have.
DONE = 'done'
UNKNOWN = 'unknown'
REFUSED = 'refused'
EXISTS = 'exists'
NOT_FOUND = 'not found'


class Operation(NamedTuple):
    """What one process did to one service, or saw of it.

    :param process: which process; a new one after each start
    :param kind: ``create``, ``update``, ``destroy`` or ``read``
    :param uuid: of the service that it is about, None for a read
    :param values: the fields it gives new values, by name
    :param begun: ``time.monotonic()`` of the call
    :param ended: of its return, infinite where its outcome is unknown
    :param answer: see the constants
    :param seen: what a read saw
    """

    process: str
    kind: str
    uuid: str | None
    values: tuple[tuple[str, Any], ...]
    begun: float
    ended: float
    answer: str
    seen: State = None

    @property
    def is_unknown(self) -> bool:
        return self.answer == UNKNOWN

    @property
    def is_without_effect(self) -> bool:
        return self.kind == 'read' or self.answer in (EXISTS, NOT_FOUND)


#: States after which the search is given up.
LIMIT = 100_000


class Undecided(Exception):
    """The search takes too long: too many calls at once are unknown."""


class _Impossible(Exception):
    """The operation cannot have had its answer in this state."""


def step(state: State, operation: Operation) -> State:
    """Return the state after an operation.

    :raises _Impossible: it would have had another answer
    """
    kind, answer = operation.kind, operation.answer
    if kind == 'read':
        _require(operation.seen == state)
        return state
    if kind == 'create':
        _require((answer == EXISTS) == (state is not None))
        if answer == EXISTS:
            return state
        assert operation.uuid is not None
        return operation.uuid, operation.values
    is_there = state is not None and state[0] == operation.uuid
    _require((answer == NOT_FOUND) != is_there)
    if answer == NOT_FOUND or state is None:
        return state
    if kind == 'destroy':
        return None
    fields = {**dict(state[1]), **dict(operation.values)}
    return state[0], tuple(sorted(fields.items()))


def _require(condition: bool) -> None:
    if not condition:
        raise _Impossible


def is_linearizable(
    operations: Sequence[Operation],
    *,
    staleness: float = 0.0,
    in_order: bool = True,
) -> bool:
    """Return whether a history of one service has an order.

    :param operations: all of them, from before it was created
    :param staleness: seconds by which a read may be behind
    :param in_order: whether what one process did and saw keeps its order
    :raises Undecided: it takes too long to find out
    """
    told = [each for each in operations if each.answer != REFUSED]
    told += [_may_have_been_made(each) for each in told if _is_missed(each)]
    seen = {each.seen[1] for each in told if each.seen is not None}
    wanted = [each for each in told if not _left_no_trace(each, seen)]
    return _Search(wanted, staleness, in_order).succeeds()


def _is_missed(operation: Operation) -> bool:
    return operation.kind == 'update' and operation.answer == NOT_FOUND


def _may_have_been_made(operation: Operation) -> Operation:
    """Return what an update may have done that found no service at its end.

    Its answer may have been lost, and another process may have destroyed the
    service before it looked again.
    """
    return operation._replace(
        # Not in the order of the process: its answer came later.
        process=f'{operation.process} first',
        answer=UNKNOWN,
        ended=math.inf,
    )


def _left_no_trace(
    operation: Operation, seen: Set[tuple[tuple[str, Any], ...]]
) -> bool:
    """Return whether an unknown update may as well not have been made.

    So it is where updates write every field: the next hides it.

    :param seen: the fields of every state that was read
    """
    return (
        operation.is_unknown
        and operation.kind == 'update'
        and not any(set(operation.values) <= set(each) for each in seen)
    )


class _Search:
    def __init__(
        self,
        operations: Sequence[Operation],
        staleness: float,
        in_order: bool,
    ) -> None:
        self._operations = sorted(operations, key=lambda each: each.begun)
        self._begun = [
            each.begun - (staleness if each.kind == 'read' else 0.0)
            for each in self._operations
        ]
        self._before = self._orders() if in_order else {}
        self._known = _mask(
            n for n, o in enumerate(self._operations) if not o.is_unknown
        )
        self._met: set[Hashable] = set()

    def _orders(self) -> Mapping[int, int]:
        """Return the operations that come before each, of its process."""
        before = {}
        for number, each in enumerate(self._operations):
            before[number] = _mask(
                n
                for n, other in enumerate(self._operations[:number])
                if other.process == each.process and not other.is_unknown
            )
        return before

    def succeeds(self) -> bool:
        everything = _mask(range(len(self._operations)))
        stack: list[tuple[int, State]] = [(everything, None)]
        while stack:
            left, state = stack.pop()
            left = self._without_effect(left, state)
            if not left & self._known:
                return True
            if (left, state) in self._met:
                continue
            self._met.add((left, state))
            if len(self._met) > LIMIT:
                raise Undecided
            for number in self._next(left):
                try:
                    after = step(state, self._operations[number])
                except _Impossible:
                    continue
                stack.append((left & ~(1 << number), after))
        return False

    def _without_effect(self, left: int, state: State) -> int:
        """Take away what can come next and has no effect: it may as well."""
        while True:
            for number in self._next(left):
                each = self._operations[number]
                if not each.is_without_effect:
                    continue
                try:
                    step(state, each)
                except _Impossible:
                    continue
                left &= ~(1 << number)
                break
            else:
                return left

    def _next(self, left: int) -> Sequence[int]:
        """Return those which can be the next of those that are left."""
        numbers = [n for n in range(len(self._operations)) if left & (1 << n)]
        first_end = min(
            (self._operations[n].ended for n in numbers), default=math.inf
        )
        return [
            n
            for n in numbers
            if self._begun[n] <= first_end
            and not left & self._before.get(n, 0)
        ]


def _mask(numbers: Any) -> int:
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask
