# SPDX-License-Identifier: Apache-2.0

"""Finding the records of services, or making them."""

from collections.abc import Sequence

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import objects
from nova_sg.objects import service as service_object

Service = objects.ServiceGroupService


def ensure(
    context: sg_context.RequestContext,
    hosts: Sequence[str],
    binary: str,
    topic: str | None = None,
    known: dict[str, Service] | None = None,
) -> list[Service]:
    """Return the service of a binary on each host, made where there is none.

    What an operator decided of one that is there stands. Its version, and
    a topic that is given, become ours: they say what was started.

    :param topic: None for the binary's name without ``nova-``, and for that
        of a record which is there
    :param known: services of this binary by host; None to ask for each
    :raises ServiceTopicExists: another binary has the topic on a host
    :raises ServiceTooOld: we are older than the deployment's minimum
    :raises InvalidInput: a name is not acceptable
    """
    services = []
    for host in hosts:
        found = (
            Service.get_by_host_and_binary(context, host, binary)
            if known is None
            else known.get(host)
        )
        if found is None:
            services.append(_create(context, host, binary, topic))
        else:
            services.append(_started_anew(found, topic))
    return services


def by_host(
    context: sg_context.RequestContext, binary: str
) -> dict[str, Service]:
    """Return all services of a binary, by host, with one question."""
    services = objects.ServiceGroupServiceList.get_by_binary(
        context, binary, include_disabled=True
    )
    return {service.host: service for service in services}


def _create(
    context: sg_context.RequestContext,
    host: str,
    binary: str,
    topic: str | None,
) -> Service:
    if topic is None:
        topic = binary.removeprefix('nova-')
    service = Service(context, host=host, binary=binary, topic=topic)
    try:
        service.create()
    except (exception.ServiceBinaryExists, exception.ServiceTopicExists):
        # Another worker of this service was faster, or the topic is taken.
        service = Service.get_by_host_and_binary(context, host, binary)
        if service is None:
            raise
    return service


def _started_anew(service: Service, topic: str | None) -> Service:
    if service.version != service_object.SERVICE_VERSION:
        service.version = service_object.SERVICE_VERSION
    if topic is not None and service.topic != topic:
        service.topic = topic
    if service.obj_what_changed():
        service.save()
    return service
