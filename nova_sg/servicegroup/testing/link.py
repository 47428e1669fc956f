# SPDX-License-Identifier: Apache-2.0

"""The network between a process and its backend, as a test breaks it."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.testing import exchanges
from nova_sg.servicegroup.testing import proxy


@dataclasses.dataclass(frozen=True)
class Link:
    """Proxies to all servers of a backend, whose faults come together.

    :param proxies: one to each server
    :param options: options, by group, which lead a process through them
    :param prepare: called with the API of each such process before its first
        call, where options cannot say it; a function of a module, or a
        ``functools.partial`` of one
    """

    proxies: Sequence[proxy.TcpProxy]
    options: Mapping[str, Mapping[str, Any]]
    prepare: Callable[[sg_api.API], object] | None = None

    @property
    def withheld(self) -> int:
        """How many answers were withheld so far."""
        return sum(each.withheld for each in self.proxies)

    @property
    def held(self) -> int:
        """How many requests were held back so far."""
        return sum(each.held for each in self.proxies)

    def cut(self) -> None:
        """Let nothing through, silently; see :meth:`TcpProxy.cut`."""
        for each in self.proxies:
            each.cut()

    def heal(self) -> None:
        """Let everything through again."""
        for each in self.proxies:
            each.heal()

    def refuse(self) -> None:
        """Break every connection, and accept no other until ``listen``."""
        for each in self.proxies:
            each.refuse()
            each.reset()

    def listen(self) -> None:
        """Accept connections again."""
        for each in self.proxies:
            each.listen()

    def reset(self) -> None:
        """Break every open connection."""
        for each in self.proxies:
            each.reset()

    def reset_every(self, seconds: float) -> None:
        """Break every open connection again and again; 0.0 ends it."""
        for each in self.proxies:
            each.reset_every(seconds)

    def withhold(
        self,
        policy: exchanges.Policy,
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        """Keep answers back; see :meth:`TcpProxy.withhold`."""
        for each in self.proxies:
            each.withhold(policy, meanwhile)

    def deliver(self) -> None:
        """Let all answers through again."""
        for each in self.proxies:
            each.deliver()

    def hold(self, policy: exchanges.Policy) -> None:
        """Hold requests back; see :meth:`TcpProxy.hold`."""
        for each in self.proxies:
            each.hold(policy)

    def release(self) -> None:
        """Let the requests go on that are held back."""
        for each in self.proxies:
            each.release()
