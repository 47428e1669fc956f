# SPDX-License-Identifier: Apache-2.0

"""The page of nova-sg-api that shows all services in a browser."""

from oslo_config import cfg

dashboard_group = cfg.OptGroup(
    'dashboard',
    title='Dashboard options',
    help="""
The page ``/dashboard`` of nova-sg-api, which shows all services in a browser
and follows them.

By default there is none.
""",
)

dashboard_opts = [
    cfg.BoolOpt(
        'enabled',
        default=False,
        help="""
Serve the page ``/dashboard``.

The page itself tells nothing: it asks for a user, a password and a project,
and shows what the policies ``os_compute_api:os-services:list`` and
``os_compute_api:os-services:update`` allow. Serve it over TLS.
""",
    ),
    cfg.StrOpt(
        'name',
        help="""
The name of this deployment, at the top of the page.

Set it where an operator has several of them open.
""",
    ),
    cfg.StrOpt(
        'domain',
        default='Default',
        help="""
The domain of users and projects that the sign-in form suggests.
""",
    ),
    cfg.ListOpt(
        'origins',
        default=[],
        sample_default='https://nova-sg.example.org',
        help="""
The addresses at which browsers reach nova-sg-api, as ``https://HOST[:PORT]``.

The page signs in and acts only from these. Unset, that is the address that a
request itself names. Set it behind a proxy that ends TLS or changes the
header ``Host``, unless ``[oslo_middleware] enable_proxy_headers_parsing`` is
set.
""",
    ),
]


def list_opts() -> dict[cfg.OptGroup, list[cfg.Opt]]:
    return {dashboard_group: dashboard_opts}
