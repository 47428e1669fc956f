# SPDX-License-Identifier: Apache-2.0

"""What records and membership in memcached have in common.

Keys are placed on servers in a fixed way, and nothing moves to another
server while one is out: what a server knows is unknown then, and not gone.

``endpoint`` keeps the connections to a server, ``server`` has its requests,
``cluster`` all servers, and ``epoch`` and ``silence`` tell what a missing key
means. Of members, ``members`` has those of this process, ``beats`` and
``worker`` write them, ``presence`` and ``membership`` read them all. Of
records, ``cell`` and ``index`` hold them, ``writer`` changes them, and
``keeper`` brings back what a server has lost.
"""
