# SPDX-License-Identifier: Apache-2.0

"""A copy of records and members in memory, kept fresh by what a backend tells.

Four words, as informers use them:

list
    read all there is: a *snapshot*, and the *position* of the log it is of.
watch
    be told that there is something behind a position.
index
    what a copy answers from: see :mod:`..view`.
resync
    list again, where the log does not reach back to the position: the reader
    has *fallen back*.

The timeline of one change::

    t=0    API process P lists for the fourth time: it begins to mirror, reads
           a snapshot at position 7, and watches
    t=10   operator A disables c1: change 7
    t=10+  the backend tells P that something is there behind 7; P reads
           change 7 and is at position 8: c1 is disabled in the next list
    t=20   P loses its connection: it answers with what it has, until that
           may be older than its ``staleness``, and then says unavailable
    t=50   it is back, and reads from position 8 on; if the log begins behind
           that by now, it lists again

A backend that can tell of changes implements :mod:`.feed`; all else is here.
"""
