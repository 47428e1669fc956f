# SPDX-License-Identifier: Apache-2.0
#
# One image for all commands of nova-sg:
#
#     docker build -t nova-sg .
#     docker run --rm nova-sg nova-sg-manage --version

FROM debian:trixie-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends git python3-venv \
    && rm -rf /var/lib/apt/lists/*
# With .git: pbr takes the version from there.
COPY . /source
ARG EXTRAS=zookeeper,memcached,postgresql,mysql,api,metrics
# The source may belong to another user, whom git does not trust.
RUN git config --global --add safe.directory /source \
    && python3 -m venv /opt/nova-sg \
    && /opt/nova-sg/bin/pip install --no-cache-dir \
        -c /source/constraints.txt "/source[$EXTRAS]"

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --uid 962 --create-home \
        --home-dir /var/lib/nova-sg --shell /usr/sbin/nologin nova-sg
COPY --from=build /opt/nova-sg /opt/nova-sg
ENV PATH=/opt/nova-sg/bin:/usr/local/bin:/usr/bin:/bin \
    OS_DEFAULT__STATE_PATH=/var/lib/nova-sg
WORKDIR /var/lib/nova-sg
USER nova-sg
EXPOSE 8774
CMD ["nova-sg-api"]
