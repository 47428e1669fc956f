# SPDX-License-Identifier: Apache-2.0

"""What backends share that have a lease, and a mirror kept fresh over it.

Memberships stand on the lease, the mirror answers for records and members, and
lists are rendered of both. The life of one member, with a timeout of 6 s and a
down time of 60 s::

    t=0    agent A joins: its key is on lease 1, and a keeper thread gives the
           backend a sign of life for the process
    t=10   A's own loop beats: A looks whether its key is there
    t=20   A's loop hangs; the keeper goes on, so that the lease stays
    t=80   A has not beaten for the down time: the keeper *withdraws* it, and
           A's trace says "wedged" (see :mod:`..reasons`)
    t=90   the loop goes on and beats: the key is missing, and A enters again
    t=95   the backend expires lease 1, which stood still: A is *lost*
    t=96   the keeper sees that A's key was on lease 1, gets lease 2, and A
           *enters again* without waiting for its next beat
    t=99   A leaves, and the backend cannot be reached: A is *leaving*, and the
           keeper deletes its key as soon as that works; A's trace says then
           that it stopped

A backend implements :class:`.keys.MemberKeys`; all else is here.
"""
