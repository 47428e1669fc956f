# SPDX-License-Identifier: Apache-2.0

"""Servers as deployments have them: TLS, IPv6, users and virtual hosts.

One of each serves all tests of a process.
"""

import base64
import hashlib
import json
from urllib import parse

from nova_sg.tests.fixtures import certificates
from nova_sg.tests.fixtures.servers import mariadb
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.fixtures.servers import shared

#: A user of the broker and of databases. In a URL most characters of the
#: password have to be encoded.
USER = 'nova'
PASSWORD = 'p@ss:w#rd%2F?'

#: Virtual hosts of the broker: one for all processes that declare the
#: exchange of nova alike.
VHOSTS = (
    *('/', 'kolla', 'tripleo', 'operator', 'helm', 'pgbouncer'),
    *('tree-kolla', 'tree-ansible', 'tree-devstack'),
)

IPV6 = '::1'

AUTHORITY = shared.Shared(certificates.Authority)


def credentials() -> str:
    """Return what stands before the host of a URL."""
    return f'{USER}:{parse.quote(PASSWORD, safe="")}'


class Broker(rabbitmq.RabbitmqServer):
    """A RabbitMQ with a second listener for TLS, and one for IPv6.

    :ivar tls_port: the port of the former
    """

    tls_port: int

    def prepare(self) -> None:
        self.tls_port = self.useFixture(ports.Port()).number
        self.listeners = [(IPV6, self.port), (ports.HOST, self.tls_port)]
        authority = AUTHORITY.get()
        definitions = self.directory / 'definitions.json'
        definitions.write_text(json.dumps(_definitions()))
        self._more = [
            f'listeners.tcp.2 = {IPV6}:{self.port}',
            f'listeners.ssl.1 = {ports.HOST}:{self.tls_port}',
            f'ssl_options.cacertfile = {authority.ca}',
            f'ssl_options.certfile = {authority.certificate}',
            f'ssl_options.keyfile = {authority.key}',
            'ssl_options.verify = verify_none',
            f'load_definitions = {definitions}',
        ]
        super().prepare()


def _definitions() -> dict[str, object]:
    """Return the users and virtual hosts of a broker, each user with all."""
    users = {'guest': 'guest', USER: PASSWORD}
    salt = b'salt'
    return {
        'rabbit_version': '3.10.0',
        'users': [
            {
                'name': name,
                'password_hash': base64.b64encode(
                    salt + hashlib.sha256(salt + password.encode()).digest()
                ).decode(),
                'hashing_algorithm': 'rabbit_password_hashing_sha256',
                'tags': 'administrator',
            }
            for name, password in users.items()
        ],
        'vhosts': [{'name': vhost} for vhost in VHOSTS],
        'permissions': [
            {
                'user': name,
                'vhost': vhost,
                'configure': '.*',
                'write': '.*',
                'read': '.*',
            }
            for name in users
            for vhost in VHOSTS
        ],
    }


class Postgresql(postgresql.PostgresqlServer):
    """A PostgreSQL that speaks TLS to clients that ask for it, and IPv6."""

    def argv(self) -> list[str]:
        authority = AUTHORITY.get()
        return [
            *super().argv(),
            *('-c', f'listen_addresses={ports.HOST},{IPV6}'),
            *('-c', 'ssl=on'),
            *('-c', f'ssl_cert_file={authority.certificate}'),
            *('-c', f'ssl_key_file={authority.key_of(self.user)}'),
        ]


class Mariadb(mariadb.MariadbServer):
    """A MariaDB that speaks TLS to clients that ask for it, and IPv6."""

    def argv(self) -> list[str]:
        authority = AUTHORITY.get()
        return [
            *super().argv(),
            f'--bind-address={ports.HOST},{IPV6}',
            f'--ssl-ca={authority.ca}',
            f'--ssl-cert={authority.certificate}',
            f'--ssl-key={authority.key}',
        ]


BROKER = shared.Shared(Broker)
POSTGRESQL = shared.Shared(Postgresql)
MARIADB = shared.Shared(Mariadb)
