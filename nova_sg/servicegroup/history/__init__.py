# SPDX-License-Identifier: Apache-2.0

"""The last transitions of each service: when, from what, to what, and why.

Watchers write them: long-lived processes that list the services once per
interval, beside every heartbeat. There may be several, and each transition is
written once. The entries of a service are numbered, and a watcher adds the
next one only to the entry that it has known for an interval::

    t=0   watchers A and B know entry 7 of host1: it is up
    t=4   host1 crashes
    t=10  A lists host1 as down, and writes entry 8: up -> down
    t=11  B lists it as down, finds entry 8, and writes nothing
    t=21  B compares its next list with entry 8: there is no difference

An interval is longer than any mirror may lag behind. So a watcher that sees
late what another one has written already, as B, does not take the old state
for a new transition.
"""
