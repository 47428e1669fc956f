# SPDX-License-Identifier: Apache-2.0

"""nova_sg inside a stock nova, with no file of nova changed.

:func:`enable` makes this process's nova keep its services as ``[servicegroup]
driver`` of nova.conf says. It is one list of takeovers, each a module of its
own that says which behaviour of nova it replaces and why there. Where one of
them does not find nova as it expects it, nothing is changed at all.

Nothing of nova is imported before :func:`enable` is called: where nova runs
under eventlet, its own first import has to come first.
"""

from typing import Any

_patches: Any = None


def enable() -> None:
    """Make nova keep its services in nova_sg; doing it twice is once.

    :raises UnexpectedNova: naming the takeover which does not find nova as
        it expects it, and nova's version; nothing was changed
    """
    global _patches
    if _patches is not None:
        return
    from nova_sg.nova_tree import takeovers

    _patches = takeovers.take_all()


def disable() -> None:
    """Give everything back to nova. For tests: a service does not switch."""
    global _patches
    if _patches is None:
        return
    patches, _patches = _patches, None
    patches.undo()
