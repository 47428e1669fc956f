# SPDX-License-Identifier: Apache-2.0

"""A servicegroup driver in the files of a directory that hosts share.

The smallest that keeps every promise. Records are one JSON file, replaced
as a whole under a lock. A member is a file which it touches when it beats,
so that the clock of the file system is the only one.
"""
