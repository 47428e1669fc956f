# SPDX-License-Identifier: Apache-2.0

"""A relational database: SQLite, MariaDB, MySQL or PostgreSQL."""
