# SPDX-License-Identifier: Apache-2.0

"""What records and membership in memcached have in common.

Keys are placed on servers in a fixed way, and nothing moves to another
server while one is out: what a server knows is unknown then, and not gone.
"""
