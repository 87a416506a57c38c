# The agent as a container image; docs/install.md says how to run it. Checked by test/system/container.sh.
#
#   docker build -t iot-job-agent .                                            builds inside
#   npm run build && docker build --build-arg PROGRAM=prebuilt -t iot-job-agent .   takes dist/ as it is
#
# BASE is any Debian with Node.js 20.19 or later; BUILD_BASE needs npm as well.
ARG BASE=docker.io/library/node:22-bookworm-slim
ARG BUILD_BASE=${BASE}
ARG PROGRAM=built

FROM ${BUILD_BASE} AS built
WORKDIR /src
COPY package.json package-lock.json ./
# No scripts: no package here needs one to be bundled, and none should run code on the build machine.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM scratch AS prebuilt
COPY dist/job-agent.js dist/job-agent.js.LEGAL.txt LICENSE /src/dist/

FROM ${PROGRAM} AS program

FROM ${BASE}
LABEL org.opencontainers.image.title="iot-job-agent" \
      org.opencontainers.image.description="On-device agent for AWS IoT Jobs" \
      org.opencontainers.image.licenses="Apache-2.0"
# tini: Node.js as process 1 would leave every orphan of a job as a zombie. util-linux has setpriv.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
# A number, for `runAsNonRoot` of Kubernetes. Volumes and mounts of the host must belong to it.
RUN groupadd --gid 10001 agent \
 && useradd --uid 10001 --gid agent --no-create-home --home-dir /var/lib/iot-job-agent --shell /usr/sbin/nologin agent \
 && install -d -o agent -g agent -m 711 /var/lib/iot-job-agent /run/iot-job-agent \
 && install -d -m 755 /etc/iot-job-agent \
 && ln -s ../lib/iot-job-agent/job-agent.js /usr/bin/job-agent
COPY --from=program /src/dist/job-agent.js /src/dist/job-agent.js.LEGAL.txt /usr/lib/iot-job-agent/
USER 10001:10001
# Win over config.json, so that the folders are where the volume and the tmpfs are.
ENV JOB_AGENT_STATE_DIR=/var/lib/iot-job-agent \
    JOB_AGENT_RUNTIME_DIR=/run/iot-job-agent
# The journal: without it a restarted container fails the job it was in, and cannot tell which jobs it has done.
VOLUME /var/lib/iot-job-agent
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "/usr/lib/iot-job-agent/job-agent.js", "health"]
ENTRYPOINT ["/usr/bin/tini", "--", "node", "--max-semi-space-size=2", "/usr/lib/iot-job-agent/job-agent.js"]
CMD ["run"]
