# SPDX-License-Identifier: Apache-2.0

"""Tools for sequences that Python 3.11 does not have."""

from collections.abc import Iterator
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar('T')


def batched(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield slices of a sequence, in order.

    Python 3.12 has ``itertools.batched``, which makes tuples.

    :param size: how many values a slice has; the last one may have fewer
    """
    for start in range(0, len(values), size):
        yield values[start : start + size]
