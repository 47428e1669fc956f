# SPDX-License-Identifier: Apache-2.0

"""A small real nova on this machine, with no hypervisor and no keystone.

RabbitMQ, MariaDB, placement, conductor, scheduler, computes with nova's fake
virt driver, and the compute API, each a process of its own, run from a stock
nova with or without nova_sg. ``tools/nova_deployment.sh`` starts it.
"""
