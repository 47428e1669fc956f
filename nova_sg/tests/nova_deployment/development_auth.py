# SPDX-License-Identifier: Apache-2.0

"""An API without keystone, for this machine alone."""

from typing import Any

from nova import context as nova_context
from nova.api import wsgi
import webob.dec
import webob.exc


class DevelopmentAuth(wsgi.Middleware):
    """Take each caller on the loopback interface for the administrator.

    In the pipeline it stands where authtoken and keystonecontext do.
    """

    @webob.dec.wsgify(RequestClass=wsgi.Request)
    def __call__(self, request: Any) -> Any:
        if request.remote_addr != '127.0.0.1':
            raise webob.exc.HTTPForbidden()
        request.environ['nova.context'] = nova_context.RequestContext(
            user_id='admin',
            project_id='admin',
            roles=['admin', 'member', 'reader'],
            is_admin=True,
            remote_address=request.remote_addr,
        )
        return self.application
