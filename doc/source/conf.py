# SPDX-License-Identifier: Apache-2.0

"""Configuration of the documentation's build."""

import pathlib
import subprocess
import sys

# -- General configuration ---------------------------------------------------

extensions = [
    'cliff.sphinxext',
    'openstackdocstheme',
    'oslo_config.sphinxconfiggen',
    'oslo_config.sphinxext',
    'oslo_policy.sphinxext',
    'oslo_policy.sphinxpolicygen',
]

project = 'nova-sg'
copyright = 'The nova-sg developers'

# The name is the one above, not one derived from a repository's.
openstackdocs_auto_name = False

# The samples are written anew from the package with every build.
config_generator_config_file = (
    '../../etc/nova-sg/nova-sg-config-generator.conf'
)
sample_config_basename = '_static/nova-sg'
policy_generator_config_file = (
    '../../etc/nova-sg/nova-sg-policy-generator.conf'
)
sample_policy_basename = '_static/nova-sg'

# The picture of the architecture is drawn anew from the package, too.
_HERE = pathlib.Path(__file__).parent
subprocess.run(
    [
        sys.executable,
        _HERE.parents[1] / 'tools' / 'architecture.py',
        _HERE / '_static' / 'architecture.svg',
    ],
    check=True,
)

# -- Options of the HTML output ----------------------------------------------

html_theme = 'openstackdocs'
