# SPDX-License-Identifier: Apache-2.0

"""The options of the toy driver; ``ToyDriver.list_opts`` names them."""

from oslo_config import cfg

from nova_sg import exception

toy_group = cfg.OptGroup('toy', title='Toy driver options')

toy_opts = [
    cfg.StrOpt(
        'directory',
        regex='^(/.*)?$',
        help="""
The directory that all hosts of the deployment share. It must exist.
""",
    ),
]


def directory(conf: cfg.ConfigOpts) -> str:
    """Return the configured directory.

    :raises InvalidConfiguration: there is none
    """
    if not conf.toy.directory:
        raise exception.InvalidConfiguration(
            option='[toy] directory', reason='it must be set'
        )
    return str(conf.toy.directory)
