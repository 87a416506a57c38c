# What the system checks share. Sourced by systemd.sh and container.sh, with bash; needs $NAME, the name of the check.
#
# A check prints one `ok` or `FAIL` line a fact and ends with 1 on any FAIL. Where it cannot run it says so in a WARNING
# and ends with 0.
#   JOB_AGENT_DIST  folder with job-agent.js and job-cloud.js (default: dist/, built when it is not there)
#   XDG_CACHE_HOME  a Debian root file system is kept under iot-job-agent-checks/ in it (default ~/.cache; 100 MB)

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/iot-job-agent-checks
SUITE=trixie # Debian 13: systemd 257, Node.js 20.19, as on Raspberry Pi OS
ROOTFS_PACKAGES=systemd,systemd-sysv,dbus,ca-certificates,iproute2,procps,nodejs
ROOTFS_TAR=$CACHE/$SUITE-1.tar.zst # the number goes up with ROOTFS_PACKAGES
THING=gw1
PASSED=0
FAILED=0

ok() { PASSED=$((PASSED + 1)); echo "ok    $*"; }
bad() { FAILED=$((FAILED + 1)); echo "FAIL  $*"; }

# check TITLE COMMAND...: the command's exit code is the verdict.
check() {
  local title=$1
  shift
  if "$@" >"$SCRATCH/output" 2>&1; then ok "$title"; else bad "$title"; tail -n 12 "$SCRATCH/output" | sed 's/^/      /'; fi
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >"$SCRATCH/last-try" 2>&1; do
    if ((SECONDS >= deadline)); then cat "$SCRATCH/last-try"; echo "not in time: $*"; return 1; fi
    sleep 0.2
  done
}

equals() { [ "$1" = "$2" ] || { echo "'$1', expected '$2'"; return 1; }; }

not() { ! "$@"; }

not_checked() {
  echo "WARNING $NAME: not checked here: $*"
  exit 0
}

need_root_and() {
  [ "$(id -u)" = 0 ] || not_checked 'it needs root'
  local program
  for program; do command -v "$program" >/dev/null || not_checked "$program is not installed"; done
}

summary() {
  echo "$NAME: $PASSED passed, $FAILED failed, ${SECONDS} s"
  [ "$FAILED" = 0 ]
}

# One check at a time: systemd-nspawn and crun use fixed names of control groups here.
enter_alone() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  flock --nonblock 9 || { echo 'waiting for another system check'; flock 9; }
}

# The host's cgroup hierarchy may be mixed; what we mount is gone with our last process, however that ends.
in_own_mounts() {
  [ -n "${IN_OWN_MOUNTS:-}" ] || IN_OWN_MOUNTS=1 exec unshare --mount --propagation private bash "$0" "$@"
}

make_scratch() {
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/iot-job-agent-$NAME.XXXXXX")
}

# Copies, so that a build in the meantime changes nothing.
copy_programs() {
  local dist=${JOB_AGENT_DIST:-$REPO/dist}
  [ -e "$dist/job-agent.js" ] && [ -e "$dist/job-cloud.js" ] || (cd "$REPO" && node scripts/build.mjs) || exit 1
  mkdir -p "$SCRATCH/dist"
  cp "$dist"/job-{agent,cloud}.js* "$SCRATCH/dist/"
}

# Debian packages come from the host's mirror once; then the archive in $CACHE does.
need_rootfs_tar() {
  [ -e "$ROOTFS_TAR" ] && return
  need_root_and debootstrap zstd
  echo "making a root file system of Debian $SUITE, once (1 to 3 minutes)"
  local root=$SCRATCH/rootfs unit
  debootstrap --variant=minbase --include="$ROOTFS_PACKAGES" "$SUITE" "$root" >"$CACHE/debootstrap.log" 2>&1 ||
    { rm -rf "$root"; not_checked "debootstrap failed (no network?), see $CACHE/debootstrap.log"; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  : >"$root/etc/machine-id"
  echo '127.0.0.1 localhost' >"$root/etc/hosts"
  for unit in systemd-udevd.service console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_all.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  tar -C "$root" --one-file-system -I 'zstd -3 -T2' -cf "$ROOTFS_TAR.part" . && mv "$ROOTFS_TAR.part" "$ROOTFS_TAR"
  rm -rf "$root"
}

# --- The local cloud, on this machine's loopback. Its jobs are gone when it stops; its things and ports stay.

start_cloud() {
  local deadline=$((SECONDS + 20))
  : >"$SCRATCH/ready.json"
  node "$SCRATCH/dist/job-cloud.js" --data-dir "$SCRATCH/cloud" --thing $THING --mqtt-port "${MQTT_PORT:-0}" \
    --http-port "${HTTP_PORT:-0}" >"$SCRATCH/ready.json" 2>>"$SCRATCH/cloud.log" 9>&- &
  CLOUD_PID=$!
  until [ -s "$SCRATCH/ready.json" ]; do
    if ! kill -0 $CLOUD_PID 2>/dev/null || ((SECONDS >= deadline)); then
      cat "$SCRATCH/cloud.log"; echo 'job-cloud did not start'; exit 1
    fi
    sleep 0.1
  done
  MQTT_PORT=$(ready .mqttPort)
  HTTP_PORT=$(ready .httpPort)
  THING_ARN=$(ready ".things.$THING.thingArn")
}

stop_cloud() {
  [ -n "${CLOUD_PID:-}" ] || return 0
  kill "$CLOUD_PID" 2>/dev/null
  wait "$CLOUD_PID" 2>/dev/null
  CLOUD_PID=
}

ready() { jq -r "$1" "$SCRATCH/ready.json"; }

# cloud METHOD PATH [BODY]: a signed request, as AWS's SDKs send it.
cloud() {
  local file key secret
  file=$(ready .credentialsPath)
  key=$(sed -n 's/^aws_access_key_id *= *//p' "$file")
  secret=$(sed -n 's/^aws_secret_access_key *= *//p' "$file")
  curl --silent --show-error --fail-with-body --max-time 10 --aws-sigv4 aws:amz:us-east-1:iot \
    --config - --request "$1" --header 'content-type: application/json' ${3:+--data "$3"} \
    "http://127.0.0.1:$HTTP_PORT$2" <<<"user = \"$key:$secret\""
}

# create_job JOB_ID DOCUMENT
create_job() {
  cloud PUT "/jobs/$1" "$(jq -n --arg target "$THING_ARN" --arg document "$2" '{targets: [$target], $document}')" \
    >/dev/null || { bad "job $1 could not be created"; return 1; }
}

# execution JOB_ID FILTER: of what DescribeJobExecution answers.
execution() { cloud GET "/things/$THING/jobs/$1" | jq -r ".execution$2"; }

execution_is() {
  local found
  found=$(execution "$1" .status)
  [ "$found" = "$2" ] || { execution "$1" ''; return 1; }
}

# Whether a handler has told `started=yes`.
has_begun() { equals "$(execution "$1" .statusDetails.detailsMap.started)" yes; }

# ends JOB_ID STATUS [REASON_CODE] [SECONDS]
ends() {
  within "${4:-30}" execution_is "$1" "$2" || return 1
  [ -z "${3:-}" ] || equals "$(execution "$1" .statusDetails.detailsMap.reasonCode)" "$3"
}

# does_job TITLE JOB_ID DOCUMENT
does_job() {
  create_job "$2" "$3" && check "$1" ends "$2" SUCCEEDED
}
