# SPDX-License-Identifier: Apache-2.0

"""Whether this process serves, and whether it could: two questions.

``/healthcheck`` says that the process is up; a load balancer asks it.
``/healthcheck/backend`` asks the backend, too; whoever watches it learns
what the load balancer must not act upon, since another process of this
service would have the same backend.
"""

from typing import Any

from oslo_config import cfg
from oslo_middleware import healthcheck
from oslo_middleware.healthcheck import pluginbase

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg import servicegroup

PATH = '/healthcheck'
BACKEND_PATH = f'{PATH}/backend'

#: The plugin below, as ``[healthcheck] backends`` names it.
PLUGIN = 'nova_sg_backend'

#: What no service is called.
_NOBODY = '-'
_NO_UUID = '00000000-0000-0000-0000-000000000000'


class BackendHealthcheck(pluginbase.HealthcheckBaseExtension):
    """Asks for the record and the liveness of a service nobody has."""

    def healthcheck(self, server_port: int) -> pluginbase.HealthcheckResult:
        context = sg_context.get_admin_context()
        try:
            objects.ServiceGroupService.get_by_host_and_binary(
                context, _NOBODY, _NOBODY
            )
            servicegroup.get().liveness(context, [_NO_UUID])
        except exception.NovaSgException as error:
            return pluginbase.HealthcheckResult(
                available=False, reason=' '.join(str(error).split())
            )
        return pluginbase.HealthcheckResult(available=True, reason='OK')


class Health(healthcheck.Healthcheck):
    """oslo.middleware's own, with the plugin where it is asked for.

    :param conf: a loaded configuration
    :param with_backend: ask the backend of the services, too
    """

    def __init__(self, conf: cfg.ConfigOpts, *, with_backend: bool) -> None:
        self._with_backend = with_backend
        super().__init__(None, conf)

    def _conf_get(self, key: str, group: str = 'healthcheck') -> Any:
        value = super()._conf_get(key, group=group)
        if key == 'backends' and self._with_backend:
            return list(dict.fromkeys([*value, PLUGIN]))
        return value
