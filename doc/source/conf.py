# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Configuration of the documentation's build."""

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

# -- Options of the HTML output ----------------------------------------------

html_theme = 'openstackdocs'
