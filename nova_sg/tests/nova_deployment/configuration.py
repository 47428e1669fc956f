# SPDX-License-Identifier: Apache-2.0

"""The configuration files of a small nova."""

from collections.abc import Mapping
import configparser
import dataclasses
import pathlib

from nova_sg.tests.fixtures.servers import ports

Options = Mapping[str, Mapping[str, object]]

#: Where the virt driver is; every process has it on its path.
VIRT = pathlib.Path(__file__).parent / 'virt'

#: The token for placement, in its pipeline for development.
_PLACEMENT_TOKEN = 'admin'

# The middleware of nova's own api-paste.ini, but for the authentication.
_API_PASTE = """\
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/: versions
/v2.1: version
/v2.1/+: compute

[pipeline:compute]
pipeline = request_id faultwrap request_log auth application

[pipeline:versions]
pipeline = faultwrap request_log versions_application

[pipeline:version]
pipeline = request_id faultwrap request_log version_application

[filter:request_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory

[filter:faultwrap]
paste.filter_factory = nova.api.openstack:FaultWrapper.factory

[filter:request_log]
paste.filter_factory = nova.api.openstack.requestlog:RequestLog.factory

[filter:auth]
paste.filter_factory = \
nova_sg.tests.nova_deployment.development_auth:DevelopmentAuth.factory

[app:application]
paste.app_factory = nova.api.openstack.compute:APIRouterV21.factory

[app:versions_application]
paste.app_factory = nova.api.openstack.compute.versions:Versions.factory

[app:version_application]
paste.app_factory = nova.api.openstack.compute.versions:VersionsV2.factory
"""


@dataclasses.dataclass(frozen=True)
class Addresses:
    """Where the servers of the deployment are.

    :param database: a URL with ``{name}`` for the name of the database
    :param messaging: a transport URL
    :param placement: the port of placement
    :param api: the port of the compute API
    """

    database: str
    messaging: str
    placement: int
    api: int

    @property
    def placement_url(self) -> str:
        return f'http://{ports.HOST}:{self.placement}'

    @property
    def api_url(self) -> str:
        return f'http://{ports.HOST}:{self.api}'


def write_nova(
    directory: pathlib.Path,
    addresses: Addresses,
    host: str,
    options: Options,
    database: bool = True,
) -> pathlib.Path:
    """Write the nova.conf of the processes of a host.

    :param directory: where it goes, and all that these processes keep
    :param options: more of it, by group
    :param database: these processes have one, as computes do not
    :returns: the file
    """
    directory.mkdir(exist_ok=True)
    groups: dict[str, dict[str, object]] = {
        'DEFAULT': {
            'host': host,
            'my_ip': ports.HOST,
            'state_path': directory,
            'transport_url': addresses.messaging,
            'compute_driver': 'kept_node.KeptNodeDriver',
            # There are no tasks a compute of nova 33 would wait 160 s for.
            'manager_shutdown_timeout': 5,
        },
        'placement': {
            'auth_type': 'admin_token',
            'endpoint': addresses.placement_url,
            'endpoint_override': addresses.placement_url,
            'token': _PLACEMENT_TOKEN,
        },
        'oslo_concurrency': {'lock_path': directory},
        'conductor': {'workers': 1},
        'scheduler': {'workers': 1},
    }
    if database:
        for group, name in (
            ('api_database', 'nova_api'),
            ('database', 'nova_cell1'),
        ):
            groups[group] = {
                'connection': addresses.database.format(name=name)
            }
    for group, values in options.items():
        groups.setdefault(group, {}).update(values)
    path = directory / 'nova.conf'
    _write(path, groups)
    return path


def write_api(
    directory: pathlib.Path, port: int, application: str, threads: bool
) -> None:
    """Write what the compute API needs beside its nova.conf.

    :param application: the module of its WSGI application
    :param threads: it runs on native threads, not under eventlet
    """
    (directory / 'api-paste.ini').write_text(_API_PASTE)
    _write_gunicorn(directory, port, application, threads)


def write_placement(directory: pathlib.Path, addresses: Addresses) -> None:
    """Write what placement needs."""
    directory.mkdir()
    _write(
        directory / 'placement.conf',
        {
            'api': {'auth_strategy': 'noauth2'},
            'placement_database': {
                'connection': addresses.database.format(name='placement')
            },
        },
    )
    _write_gunicorn(
        directory, addresses.placement, 'placement.wsgi.api', threads=True
    )


def _write_gunicorn(
    directory: pathlib.Path, port: int, application: str, threads: bool
) -> None:
    # Not its command line: nova takes that of the process for its own.
    (directory / 'gunicorn.conf.py').write_text(
        f'wsgi_app = {application + ":application"!r}\n'
        f'bind = {f"{ports.HOST}:{port}"!r}\n'
        # Eventlet wants all of a process in one native thread.
        f'threads = {4 if threads else 1}\n'
        # Making the application may take long where the machine is laden.
        'timeout = 300\n'
        # Its socket is in the home directory otherwise.
        'control_socket_disable = True\n'
    )


def _write(path: pathlib.Path, groups: Options) -> None:
    parser = configparser.RawConfigParser()
    for group, values in groups.items():
        if group != 'DEFAULT':
            parser.add_section(group)
        for name, value in values.items():
            parser.set(group, name, str(value))
    with path.open('w') as file:
        parser.write(file)
