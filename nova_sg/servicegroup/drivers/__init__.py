# SPDX-License-Identifier: Apache-2.0

"""Drivers: pairs of a record store and a membership."""
