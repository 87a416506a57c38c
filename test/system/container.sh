#!/bin/bash
# The image: built by buildah with no registry (Debian 13 stands in for the base), run by podman as an operator would,
# against job-cloud on the host's loopback. Needs root, podman, buildah, crun, jq, curl, and the network for npm and tini.
#   PROGRAM=prebuilt  takes dist/ as it is instead of building inside, which takes npm's registry and half a minute
set -u
NAME=container
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

IMAGE=localhost/iot-job-agent:check
BASE=localhost/iot-job-agent-check-base:$SUITE-1
NPM_VERSION=10.9.4
BUILD_BASE=localhost/iot-job-agent-check-build-base:$SUITE-npm-$NPM_VERSION
CONTAINER=iot-job-agent-check
VOLUME=iot-job-agent-check-state
AGENT_ID=10001

main() {
  need_root_and podman buildah crun unshare zstd jq curl node npm
  in_own_mounts "$@"
  enter_alone
  make_scratch
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  # crun refuses a mixed cgroup hierarchy.
  [ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 none /sys/fs/cgroup ||
    not_checked 'there is no cgroup2 here'
  copy_programs
  need_rootfs_tar
  prepare_storage
  builds
  is_as_it_should_be
  start_cloud
  prepare_thing
  works
  reaps_orphans
  stops_and_comes_back
  summary
}

clean_up() {
  local verdict=$?
  stop_cloud
  PODMAN rm --force --time 2 $CONTAINER >/dev/null 2>&1
  PODMAN volume rm --force $VOLUME >/dev/null 2>&1
  buildah "${STORAGE[@]}" rm --all >/dev/null 2>&1
  PODMAN image prune --force >/dev/null 2>&1
  rm -rf "$SCRATCH"
  exit "$verdict"
}

# --- Images

prepare_storage() {
  STORAGE=(--root "$CACHE/containers/store" --runroot "$CACHE/containers/run" --storage-driver overlay)
  mkdir -p "$CACHE/containers"
  PODMAN image exists $BASE || PODMAN import --quiet "$ROOTFS_TAR" $BASE >/dev/null || not_checked 'podman cannot import'
}

PODMAN() { podman "${STORAGE[@]}" --cgroup-manager=cgroupfs --events-backend=file "$@" 9>&-; }

BUILD() {
  timeout 300 buildah "${STORAGE[@]}" build --quiet --isolation chroot --network host --format docker --pull-never --no-cache "$@" 9>&-
}

builds() {
  local program=${PROGRAM:-built}
  if [ "$program" = built ] && ! npm ping >/dev/null 2>&1; then
    echo "WARNING $NAME: not checked here: the build inside the image (no npm registry); dist/ is taken instead"
    program=prebuilt
  fi
  local arguments=(--build-arg BASE=$BASE --build-arg PROGRAM="$program")
  if [ "$program" = built ]; then
    make_build_base
    arguments+=(--build-arg BUILD_BASE=$BUILD_BASE)
  fi
  make_context
  PODMAN image rm $IMAGE >/dev/null 2>&1 # that of the last check must not stand in for one that fails now
  local begun=$SECONDS
  check "the image builds (PROGRAM=$program)" BUILD "${arguments[@]}" --tag $IMAGE "$SCRATCH/context"
  echo "      in $((SECONDS - begun)) s"
  PODMAN image exists $IMAGE || { summary; exit 1; }
}

# With the npm that Node.js 22 brings (Debian's comes with 300 packages), and with whom this machine trusts: its way to the
# registry may lead through a proxy with a certificate authority of its own.
make_build_base() {
  PODMAN image exists $BUILD_BASE && return
  mkdir -p "$SCRATCH/npm"
  (cd "$SCRATCH/npm" && npm pack --silent npm@$NPM_VERSION && tar -xzf npm-*.tgz) >/dev/null || not_checked 'npm pack failed'
  cp /etc/ssl/certs/ca-certificates.crt "$SCRATCH/npm/"
  printf '%s\n' "FROM $BASE" 'COPY package /usr/lib/node_modules/npm' 'COPY ca-certificates.crt /etc/ssl/certs/' \
    'ENV NPM_CONFIG_CAFILE=/etc/ssl/certs/ca-certificates.crt' \
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/bin/npm' >"$SCRATCH/npm/Dockerfile"
  BUILD --tag $BUILD_BASE "$SCRATCH/npm" >/dev/null || not_checked 'no image with npm could be made'
}

# What git knows and what is changed since, so that the check runs on what is here; and dist/ as copied.
make_context() {
  mkdir -p "$SCRATCH/context"
  (cd "$REPO" && git ls-files --cached --others --exclude-standard -z | xargs -0 ls -d 2>/dev/null |
    tar -cf - -T -) | tar -C "$SCRATCH/context" -xf -
  cp -r "$SCRATCH/dist" "$SCRATCH/context/dist"
}

is_as_it_should_be() {
  local of
  of() { PODMAN image inspect $IMAGE --format "$1"; }
  check 'the image runs as a user other than root' equals "$(of '{{.Config.User}}')" $AGENT_ID:$AGENT_ID
  check '… with an init as process 1' equals "$(of '{{index .Config.Entrypoint 0}}')" /usr/bin/tini
  check '… and has of our files only the program' equals \
    "$(PODMAN run --rm "${RUN[@]}" --entrypoint find $IMAGE /usr/lib/iot-job-agent /src -type f 2>/dev/null | sort | tr '\n' ' ')" \
    '/usr/lib/iot-job-agent/job-agent.js /usr/lib/iot-job-agent/job-agent.js.LEGAL.txt '
}

# --- The container

# As docs/install.md says …
RUN=(--read-only --cap-drop ALL --security-opt no-new-privileges --network host
  --tmpfs /run/iot-job-agent:mode=1777 --volume "$VOLUME:/var/lib/iot-job-agent")
# … and what only this place needs: no systemd runs the health timer, and a build machine may lack CAP_SYS_RESOURCE.
RUN+=(--health-interval=disable --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=4096:4096)

prepare_thing() {
  local thing=$SCRATCH/cloud/things/$THING
  ETC=$SCRATCH/etc
  install -d -m 755 "$ETC" "$ETC/handlers"
  jq '{thingName, endpoint, port, certPath, keyPath, caPath, progressIntervalSeconds: 1}' "$thing/config.json" >"$ETC/config.json"
  cp "$thing/certificate.pem" "$thing/ca.pem" "$ETC/"
  install -o $AGENT_ID -m 600 "$thing/private.key" "$ETC/private.key"
  install -m 755 /dev/stdin "$ETC/handlers/leave-orphans" <<'HANDLER'
#!/bin/sh
# Twenty grandchildren without a parent: some end at once, some would stay.
for i in $(seq 10); do (sleep 0.2 &) ; done
for i in $(seq 10); do (setsid sleep 302 &) ; done
HANDLER
  install -m 755 /dev/stdin "$ETC/handlers/count-runs" <<'HANDLER'
#!/bin/sh
echo run >> /var/lib/iot-job-agent/runs
echo started=yes >> "$JOB_STATUS_FILE"
sleep 301
HANDLER
}

start_container() {
  PODMAN run --detach --name $CONTAINER "${RUN[@]}" --volume "$ETC:/etc/iot-job-agent:ro" $IMAGE
}

IN() { PODMAN exec $CONTAINER "$@"; }

is_well() { PODMAN healthcheck run $CONTAINER; }

of_container() { PODMAN inspect $CONTAINER --format "$1"; }

# Of the container's process 1, as the host sees it.
process_status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(of_container '{{.State.Pid}}')/status" | tr '\t' ' '; }

works() {
  check 'starts with a read-only root and no capability' start_container
  check 'its health check passes' within 20 is_well
  does_job 'does a job' inside '{"operation": "system-info"}'
  does_job 'does a job in a process of its own' command '{"operation": "run-command", "parameters": {"command": ["id"]}}'
  check 'runs as that user' equals "$(process_status Uid)" "$AGENT_ID $AGENT_ID $AGENT_ID $AGENT_ID"
  check '… without a capability' equals "$(process_status CapBnd)" 0000000000000000
  check '… and cannot write to its image' not IN touch /usr/lib/iot-job-agent/x
  check '… nor to its configuration' not IN touch /etc/iot-job-agent/x
}

reaps_orphans() {
  does_job 'a job leaves twenty orphans behind' orphans '{"operation": "leave-orphans"}'
  check '… and nothing but init and agent is left of them, no zombie either' within 20 only_init_and_agent
}

only_init_and_agent() {
  local init
  init=$(of_container '{{.State.Pid}}')
  equals "$(ps --no-headers --pid "$init" --ppid "$init" -o stat=,comm= | sed 's/^\(.\)[^ ]* */\1 /' | tr '\n' ',')" 'S tini,S node,'
}

stops_and_comes_back() {
  create_job interrupted '{"operation": "count-runs"}'
  within 20 has_begun interrupted >/dev/null
  PODMAN kill --signal KILL $CONTAINER &>>"$SCRATCH/podman.log"
  within 10 state_is exited >/dev/null
  check 'a container that was killed starts again on its volume' PODMAN start $CONTAINER
  check '… and knows the job it was in: FAILED, INTERRUPTED' ends interrupted FAILED INTERRUPTED
  check '… which was run once' equals "$(IN cat /var/lib/iot-job-agent/runs)" run
  create_job short '{"operation": "run-command", "parameters": {"command": ["sleep", "3"]}}'
  within 15 execution_is short IN_PROGRESS >/dev/null
  check 'a stop waits for a short job' PODMAN stop --time 70 $CONTAINER
  check '… which ends SUCCEEDED' execution_is short SUCCEEDED
  check '… and the exit code is 0' equals "$(of_container '{{.State.ExitCode}}')" 0
  PODMAN rm $CONTAINER &>>"$SCRATCH/podman.log"
  check 'a new container starts on the volume of the old one' start_container
  does_job '… and takes jobs' after '{"operation": "system-info"}'
  PODMAN stop --time 70 $CONTAINER &>>"$SCRATCH/podman.log"
  PODMAN rm $CONTAINER &>>"$SCRATCH/podman.log"
  jq '.endpiont = "x"' "$ETC/config.json" >"$ETC/config.new" && cat "$ETC/config.new" >"$ETC/config.json"
  start_container &>>"$SCRATCH/podman.log"
  check 'a wrong configuration ends the container with exit code 78' within 10 exited_with 78
  check '… and is told in its log' says 'endpiont.*endpoint' PODMAN logs $CONTAINER
}

state_is() { equals "$(of_container '{{.State.Status}}')" "$1"; }

exited_with() { equals "$(of_container '{{.State.Status}} {{.State.ExitCode}}')" "exited $1"; }

says() {
  local pattern=$1
  shift
  "$@" 2>&1 | grep -e "$pattern"
}

main "$@"
