# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

# The program and what it needs to run, in two stages: the toolchain stays behind.

FROM swift:6.3-bookworm AS build

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# Debian's own security updates are wanted, so no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libhiredis-dev libpq-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /source

# Dependencies change more seldom than sources, and are a layer of their own.
COPY Package.swift ./
RUN swift package resolve

COPY . .

# Swift's own libraries become part of the program; whatever else it needs is on the list of the second stage.
RUN swift build -c release --product scim-bridge --static-swift-stdlib -Xswiftc -cross-module-optimization \
        --explicit-target-dependency-import-check error \
    && install -D -m 755 "$(swift build -c release --show-bin-path)/scim-bridge" /install/usr/bin/scim-bridge \
    && mkdir -p /install/usr/share/scim-bridge \
    && cp -R schema /install/usr/share/scim-bridge/schema \
    && install -D -m 644 LICENSE /install/usr/share/doc/scim-bridge/LICENSE \
    && if ldd /install/usr/bin/scim-bridge | grep -E 'libswift|libFoundation|libdispatch'; then exit 1; fi


FROM debian:bookworm-slim

ARG VERSION=0.1.0
ARG REVISION=unknown

LABEL org.opencontainers.image.title="scim-bridge" \
      org.opencontainers.image.description="Accepts SCIM 2.0 writes at once and brings them to UDM" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade -y --no-install-recommends \
    && apt-get install -y --no-install-recommends \
        ca-certificates libhiredis0.14 libpq5 libssl3 libstdc++6 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 1000 scim-bridge \
    && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin scim-bridge \
    && install -d -o 1000 -g 1000 -m 750 /var/lib/scim-bridge

COPY --from=build /install/ /

# The program writes nothing but its output; the journals of the doubles go to /var/lib/scim-bridge.
RUN ["scim-bridge", "--version"]

USER 1000:1000
EXPOSE 8080 9090
STOPSIGNAL SIGTERM

# For engines that know no probes; it asks /health/ready of OPS_ADDRESS. Kubernetes asks that itself.
HEALTHCHECK --interval=20s --timeout=5s --start-period=60s --retries=3 \
    CMD ["scim-bridge", "health"]

ENTRYPOINT ["scim-bridge"]
CMD ["serve", "--roles", "api,worker,events"]
