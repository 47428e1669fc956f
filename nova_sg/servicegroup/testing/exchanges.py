# SPDX-License-Identifier: Apache-2.0

"""Which exchanges of a connection a fault is made to happen to."""

from collections.abc import Callable
import itertools
import random

#: Asked once for each exchange: whether its answer is withheld. An exchange
#: is what a client sends until the server answers.
Policy = Callable[[], bool]


def nth(number: int) -> Policy:
    """Choose one exchange, counted from 1."""
    numbers = itertools.count(1)
    return lambda: next(numbers) == number


def each(number: int) -> Policy:
    """Choose each n-th exchange."""
    numbers = itertools.count(1)
    return lambda: next(numbers) % number == 0


def at_random(seed: int, share: float) -> Policy:
    """Choose exchanges at random.

    :param seed: the same seed chooses alike
    :param share: how many of all, between 0.0 and 1.0
    """
    chance = random.Random(seed)
    return lambda: chance.random() < share
