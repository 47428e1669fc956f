# SPDX-License-Identifier: Apache-2.0

"""The databases of a nova with one cell: made once, copied, and filled."""

import abc
from collections.abc import Iterator
import contextlib
import pathlib
import re
import shutil
from typing import Self

import sqlalchemy as sa

from benchmarks.nova_lists import configuration
from benchmarks.nova_lists import filling
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_deployment import ways

NAMES = ('nova_api', 'nova_cell0', 'nova_cell1')


class Copy:
    """Databases of one variant.

    :param directory: where its configuration goes
    :param url: with ``{name}`` for the name of the database
    """

    def __init__(self, directory: pathlib.Path, url: str) -> None:
        self.directory = directory
        self.url = url

    def fill(self, number: int, with_services: bool) -> None:
        """Put computes into them, with nodes and some instances."""
        with self.connected('nova_api') as api:
            filling.map_hosts(api, number)
        with self.connected('nova_cell1') as cell:
            filling.fill_cell(cell, number, with_services)
        for name in ('nova_api', 'nova_cell1'):
            # As a database does by itself once it is left alone.
            with self.connected(name) as connection:
                connection.exec_driver_sql('ANALYZE')

    @contextlib.contextmanager
    def connected(self, name: str) -> Iterator[sa.Connection]:
        engine = sa.create_engine(
            self.url.format(name=name), poolclass=sa.NullPool
        )
        with engine.begin() as connection:
            yield connection


class Stock(abc.ABC):
    """Empty databases, as ``nova-manage`` makes them.

    :param directory: for files
    :ivar cell: the uuid of the cell
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self.cell = ''

    def __enter__(self) -> Self:
        self.start()
        stock = Copy(self._directory / 'stock', self.url('stock'))
        stock.directory.mkdir()
        configuration.write(stock.directory, stock.url, {})
        way = ways.Way(on=False)

        def manage(*words: str) -> str:
            file = str(stock.directory / 'nova.conf')
            return processes.run(
                way.command('nova-manage', '--config-file', file, *words)
            )

        manage('api_db', 'sync')
        cell0 = stock.url.format(name='nova_cell0')
        manage('cell_v2', 'map_cell0', '--database_connection', cell0)
        manage('db', 'sync')
        created = manage(
            'cell_v2', 'create_cell', '--name', 'one', '--verbose'
        )
        found = re.search(r'[0-9a-f-]{36}', created)
        if found is None:
            raise processes.Failed(f'no uuid of a cell in: {created}')
        self.cell = found.group()
        return self

    @abc.abstractmethod
    def __exit__(self, *error: object) -> None:
        """End what :meth:`start` has begun."""

    @abc.abstractmethod
    def start(self) -> None:
        """Have a place for databases."""

    @abc.abstractmethod
    def url(self, copy: str) -> str:
        """Return where the databases of a copy are."""

    @abc.abstractmethod
    def duplicate(self, copy: str) -> None:
        """Copy the stock."""

    def copy(self, name: str) -> Copy:
        """Return a copy of them, whose cells lead to the copy."""
        self.duplicate(name)
        made = Copy(self._directory / name, self.url(name))
        made.directory.mkdir(exist_ok=True)
        with made.connected('nova_api') as api:
            for each in NAMES:
                api.execute(
                    sa.text(
                        'UPDATE cell_mappings SET database_connection = :new'
                        ' WHERE database_connection = :old'
                    ),
                    {
                        'old': self.url('stock').format(name=each),
                        'new': made.url.format(name=each),
                    },
                )
        return made


class Sqlite(Stock):
    """Files, which nova opens for each transaction."""

    def start(self) -> None:
        """Nothing runs."""

    def __exit__(self, *error: object) -> None:
        """The directory goes with its owner."""

    def url(self, copy: str) -> str:
        return f'sqlite:///{self._directory / copy}/{{name}}.sqlite'

    def duplicate(self, copy: str) -> None:
        shutil.copytree(self._directory / 'stock', self._directory / copy)


class Postgresql(Stock):
    """Databases on a server of its own."""

    def start(self) -> None:
        self._server = postgresql.PostgresqlServer()
        self._server.setUp()
        self._create('stock')

    def __exit__(self, *error: object) -> None:
        self._server.cleanUp()

    def url(self, copy: str) -> str:
        url = sa.make_url(self._server.url).set(database=f'{copy}_NAME')
        return url.render_as_string(hide_password=False).replace(
            'NAME', '{name}'
        )

    def duplicate(self, copy: str) -> None:
        self._create(copy, ' TEMPLATE stock_{name}')

    def _create(self, copy: str, like: str = '') -> None:
        administrator = sa.create_engine(
            self._server.url,
            isolation_level='AUTOCOMMIT',
            poolclass=sa.NullPool,
        )
        with administrator.connect() as connection:
            for name in NAMES:
                connection.exec_driver_sql(
                    f'CREATE DATABASE {copy}_{name}{like.format(name=name)}'
                )


KINDS: dict[str, type[Stock]] = {'sqlite': Sqlite, 'postgresql': Postgresql}
