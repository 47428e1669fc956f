# SPDX-License-Identifier: Apache-2.0

"""``driver = db`` with ``beats = grouped``: nova's table, other heartbeats.

With nova's own heartbeats each is a blocking call, three statements, a stamp
of the conductor's clock and a verdict by the reader's. Here a process without
a database sends its heartbeat to an endpoint of ours in nova's conductors,
which write all that arrive together by one UPDATE, stamped by the database::

    t=0    nova-compute c1 starts: a call to any conductor with nova_sg;
           conductor A writes the heartbeat and answers with the database's
           time
    t=10   c1 casts to any of them, and waits for nothing; so at t=20 and t=30
    t=25   A dies; what it had not read goes to conductor B
    t=35   B is replaced by a conductor without nova_sg: no process reads
    t=40   c1 calls, and no conductor answers: it beats in nova's way

The longest time between two heartbeats that are known to be written is below
the service down time, so the loss of every cast makes no service down.

:mod:`.sender` beats for a service, with a database or through a conductor
(:mod:`.caller`), :mod:`.serving` is the RPC server in a conductor,
:mod:`.endpoint` what it serves, :mod:`.intake` notes what is cast,
:mod:`.written` writes, :mod:`.reader` judges by an estimate of the database's
clock (:mod:`.clocks`), and :mod:`.driver` is what nova's ``servicegroup.API``
gets.

The table, its columns and their meaning stay nova's. Processes with
``beats = grouped``, with ``beats = nova`` and without nova_sg mix.
"""
