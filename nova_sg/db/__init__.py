# SPDX-License-Identifier: Apache-2.0

"""The SQL database: its engine, its clock, its tables and migrations."""
