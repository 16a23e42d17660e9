# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors
#
# One image for every role, with ffmpeg: docker build -t martlet .
# Drivers of hardware encoders are added by --build-arg DRIVERS=mesa-va-drivers, or in an image made from this one.

ARG DEBIAN=bookworm

FROM swift:6.3-${DEBIAN} AS build
WORKDIR /martlet
COPY scripts/bootstrap scripts/
RUN scripts/bootstrap
# Package.swift names the directories of tests and examples, which are not built.
COPY Package.swift Makefile ./
COPY Sources Sources
COPY Tests Tests
COPY Examples Examples
RUN make build

FROM debian:${DEBIAN}-slim AS runtime
ARG DRIVERS=""
# Versions are those of the Debian release: ffmpeg and libraries get its security updates with every build.
# hadolint ignore=DL3008,SC2086
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ffmpeg libavformat59 libavcodec59 libavutil57 libsqlite3-0 libssl3 libmicrohttpd12 libgnutls30 libwslay1 \
        libcurl4 libhiredis0.14 ca-certificates curl ${DRIVERS} \
    && rm -rf /var/lib/apt/lists/*
# A number, so that Kubernetes can tell that it is not root.
RUN groupadd --gid 10001 martlet \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /var/lib/martlet martlet \
    && install -d -o 10001 -g 10001 /var/lib/martlet /var/cache/martlet
COPY --from=build /martlet/.build/release/martlet /usr/local/bin/martlet
ENV XDG_CACHE_HOME=/var/cache
USER 10001:10001
WORKDIR /var/lib/martlet
# A coordinator's API; the streams of workers and of stream nodes.
EXPOSE 8090 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["sh", "-c", "curl -fs -o /dev/null http://127.0.0.1:8090/healthz || curl -fsS -o /dev/null http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["/usr/local/bin/martlet"]
CMD ["--help"]
