# SPDX-License-Identifier: Apache-2.0

"""The ``zk`` driver: what of it is ZooKeeper's own.

``session`` talks to the ensemble for the whole process, ``layout`` says what
lies where. ``lookup`` reads records and ``writer`` changes them, ``znodes``
holds the members, and ``feeds`` tells the mirror of changes. The lease, the
memberships on it and the mirror stand above the backends.
"""
