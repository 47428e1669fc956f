# SPDX-License-Identifier: Apache-2.0

"""What lists cost in nova's own compute API, beside nova as it is.

    .nova-tree/34.0.0/venv/bin/python -m benchmarks.nova_lists
        [--number 1000] [--number 10000] [--database postgresql]
        [--variant nova] [--variant mc] [--request /os-services] [--csv FILE]

(``tools/nova_tree_tests.sh`` makes that environment.) Every variant of nova
answers in a process of its own, through the whole WSGI pipeline but for
keystone, on copies of the same databases, with one cell. They take turns, as
the speed of a machine may change in minutes. Printed are the
median of the seconds that pass, of those that the process computes, which a
busy machine changes little, and the SQL statements of a request: all, and
those that name the table ``services``.

:mod:`.databases` makes the databases and fills them, :mod:`.variants` starts
what keeps the services, :mod:`.computes` lets them live, :mod:`.work` is what
is asked for, :mod:`.answering` the process that answers, and
:mod:`.answerers` what measures it.
"""
