# SPDX-License-Identifier: Apache-2.0

"""The releases of nova, and what differs between them for this package.

Nothing else asks which nova this is. What differs:

======  ==============================  =========================  =========
nova    patches for eventlet            class methods remotable    serve
======  ==============================  =========================  =========
31      where it is imported, always    ``remotable_classmethod``  forks
32      ``patch()``                     ``remotable_classmethod``  forks
33      ``patch(backend)``              ``remotable_classmethod``  or not
34      ``patch(backend)``, nova.conf   ``remotable``              or not
======  ==============================  =========================  =========

nova 31 and 32 run on native threads only if an operator sets
``OS_NOVA_DISABLE_EVENTLET_PATCHING``; 31 has none of what it needs for that.

How class methods become remotable is a matter of oslo.versionedobjects, which
each release pins; :mod:`nova_sg.objects.remotable` does what the library
there asks for.
"""

import inspect
from typing import Any

#: The releases this package is tested with, and their OpenStack.
KNOWN = {31: '2025.1', 32: '2025.2', 33: '2026.1', 34: '2026.2'}

#: Releases with APIs that run on native threads by default.
API_ON_THREADS = frozenset({33, 34})

#: Parameters of ``nova.service.serve`` which not every release has.
SERVE_MORE = ('no_fork',)


def patch(backend: str | None = None) -> None:
    """Have nova patch this process for eventlet, or not, as it would itself.

    Nothing that must be patched may be imported before. A second time does
    nothing.

    :param backend: nova's default for this kind of process, ``eventlet`` or
        ``threading``; None for nova's general default.
        Releases that know eventlet alone ignore it
    """
    # nova 31 does it here.
    from nova import monkey_patch

    novas: Any = getattr(monkey_patch, 'patch', None)
    if novas is None:
        return
    if (
        backend is not None
        and 'backend' in inspect.signature(novas).parameters
    ):
        novas(backend=backend)
    else:
        novas()


def unknown() -> str | None:
    """Return the version of a nova this package was not tested with.

    None where it was.
    """
    from nova import version

    found = str(version.version_string())
    number = found.partition('.')[0]
    if number.isdigit() and int(number) in KNOWN:
        return None
    return found
