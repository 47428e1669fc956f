# SPDX-License-Identifier: Apache-2.0

"""Objects whose methods a conductor runs, as oslo's objects call it."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg
from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import context as sg_context
from nova_sg.conductor import remotables
from nova_sg.conductor import sender
from nova_sg.servicegroup.records import change

#: Methods of an object which change a record. A call of one bears the token
#: of the change, so that it may be sent again.
CHANGING = frozenset({'create', 'save', 'destroy'})

Context = sg_context.RequestContext


class Indirection(ovo_base.VersionedObjectIndirectionAPI):
    """Has a conductor run the methods of objects.

    :param server: the host of the conductor to call; None for any
    :param waits: where no conductor has begun to serve, wait for one as long
        as for an answer; else that is an error at once
    :raises InvalidConfiguration: there is no usable ``transport_url``
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        server: str | None = None,
        *,
        waits: bool = False,
    ) -> None:
        super().__init__()
        self.sender = sender.Sender(conf, server, waits=waits)
        self.name = self.sender.name

    def close(self) -> None:
        """Close all connections."""
        self.sender.close()

    def object_class_action_versions(
        self,
        context: Context,
        objname: str,
        objmethod: str,
        object_versions: dict[str, str],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        return self.sender.call(
            context,
            'object_class_action_versions',
            objname=objname,
            objmethod=objmethod,
            object_versions=object_versions,
            args=args,
            kwargs=kwargs,
        )

    def object_action(
        self,
        context: Context,
        objinst: Any,
        objmethod: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        call, context = self._calling(context, objmethod in CHANGING)

        def act(sent: Any) -> Any:
            return call(
                context,
                'object_action',
                objinst=sent,
                objmethod=objmethod,
                args=args,
                kwargs=kwargs,
            )

        if objinst.VERSION != type(objinst).VERSION:
            # It came from a conductor that is older than we are.
            return act(remotables.as_known_to(objinst, objinst.VERSION))
        try:
            return act(objinst)
        except ovo_exc.IncompatibleObjectVersion as error:
            # The conductor is older than we are, and has done nothing.
            return act(
                remotables.as_known_to(objinst, error.kwargs['supported'])
            )

    def object_backport_versions(
        self,
        context: Context,
        objinst: Any,
        object_versions: dict[str, str],
    ) -> Any:
        return self.sender.call(
            context,
            'object_backport_versions',
            objinst=objinst,
            object_versions=object_versions,
        )

    def _calling(
        self, context: Context, changes: bool
    ) -> tuple[Callable[..., Any], Context]:
        """Return how to call, and the context to call with."""
        if changes:
            return self.sender.change, change.for_one(context)
        return self.sender.call, context
