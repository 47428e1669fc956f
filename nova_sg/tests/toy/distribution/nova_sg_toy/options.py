# SPDX-License-Identifier: Apache-2.0

"""The options of the toy driver: a driver registers its own."""

from oslo_config import cfg

from nova_sg import exception

toy_group = cfg.OptGroup('toy', title='Toy driver options')

toy_opts = [
    cfg.StrOpt(
        'directory',
        help="""
The directory that all hosts of the deployment share. It must exist.
""",
    ),
]


def directory(conf: cfg.ConfigOpts) -> str:
    """Return the configured directory.

    :raises InvalidConfiguration: there is none
    """
    conf.register_group(toy_group)
    conf.register_opts(toy_opts, group=toy_group)
    if not conf.toy.directory:
        raise exception.InvalidConfiguration(
            option='[toy] directory', reason='it must be set'
        )
    return str(conf.toy.directory)
