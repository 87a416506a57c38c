#!/bin/bash
# The unit on a real systemd: Debian 13 booted by systemd-nspawn on a throw-away overlay, job-cloud on the host's loopback.
# Needs root, debootstrap, systemd-container, zstd, jq, curl. About a minute, and the root file system once.
set -u
NAME=systemd
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

UNIT=iot-job-agent
UNIT_FILE=$REPO/systemd/$UNIT.service
AGENT=job-agent

main() {
  need_root_and systemd-nspawn systemd-analyze unshare nsenter zstd jq curl node
  in_own_mounts "$@"
  enter_alone
  make_scratch
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  copy_programs
  need_rootfs_tar
  start_cloud
  boot
  install_agent
  lints_clean
  refuses_wrong_configuration
  starts_and_works
  handlers_may_do_what_root_may
  watchdog_ends_a_hang
  kill_is_survived
  stop_waits_for_or_ends_the_job
  starts_offline
  reboot_is_survived
  reboots_for_a_job
  runs_jobs_side_by_side
  manages_services
  runs_applications_as_services
  powers_off_for_a_job
  summary
}

clean_up() {
  local verdict=$?
  stop_cloud
  shut_down
  rm -rf "$SCRATCH"
  exit "$verdict"
}

# --- The machine

boot() {
  MACHINE=$SCRATCH/machine
  mkdir -p "$MACHINE"
  mount -t tmpfs -o size=1500m none "$MACHINE"
  tar -C "$MACHINE" -I zstd -xf "$ROOTFS_TAR" || { echo "$ROOTFS_TAR is damaged; remove it"; exit 1; }
  power_on || { cat "$SCRATCH/console.log"; echo 'the machine did not boot'; exit 1; }
  echo "booted: $(IN systemctl --version | head -n 1), node $(IN node --version)"
}

power_on() {
  # The hierarchy must be said: the host's may be mixed, and systemd >= 256 refuses that. --register=no: no machined.
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 setsid setpriv --pdeathsig TERM systemd-nspawn --quiet --directory="$MACHINE" --boot \
    --register=no --keep-unit --machine=$UNIT-check --console=pipe --resolv-conf=copy-host --link-journal=no \
    </dev/null >>"$SCRATCH/console.log" 2>&1 9>&- &
  NSPAWN_PID=$!
  within 60 is_up
}

# systemd-nspawn --keep-unit does not boot again by itself: it ends with 133 for whoever started it.
comes_back() {
  within 60 not kill -0 "$NSPAWN_PID" || return 1
  wait "$NSPAWN_PID"
  equals $? 133 && power_on
}

is_up() { [[ $(IN systemctl is-system-running) =~ ^(running|degraded)$ ]]; }

# Another process after each reboot.
init_pid() { pgrep --parent "$NSPAWN_PID" --exact systemd; }

IN() {
  local pid
  pid=$(init_pid) || { echo 'no system runs'; return 1; }
  nsenter --target "$pid" --all -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@" 9>&-
}

shut_down() {
  [ -n "${NSPAWN_PID:-}" ] || return 0
  IN systemctl poweroff 2>/dev/null
  within 30 not kill -0 "$NSPAWN_PID" >/dev/null || kill -9 "$(init_pid)"
  wait "$NSPAWN_PID" 2>/dev/null
  umount "$MACHINE"
  # What systemd-nspawn --keep-unit leaves behind.
  find /sys/fs/cgroup/{,unified/,systemd/}{payload,supervisor} -depth -type d -exec rmdir {} \; 2>/dev/null
  return 0
}

# --- The unit

show() { IN systemctl show $UNIT --property="$1" --value; }

is() { equals "$(show "$1")" "$2"; }

is_active() { is ActiveState active; }

journal_says() { IN journalctl --unit=$UNIT --output=cat --no-pager | grep -q -e "$1"; }

nothing_runs() {
  local group
  group=/sys/fs/cgroup$(show ControlGroup)
  [ "$group" = /sys/fs/cgroup ] || equals "$(IN sh -c "cat $group/cgroup.procs 2>/dev/null")" ''
}

# drop_in LINE...: settings for [Service], in place of those before. Without lines: none.
drop_in() {
  local file=/etc/systemd/system/$UNIT.service.d/check.conf
  IN mkdir -p "$(dirname $file)"
  printf '%s\n' '[Service]' "$@" | IN tee $file >/dev/null
  IN systemctl daemon-reload
}

restart_with() {
  drop_in "$@"
  IN systemctl restart $UNIT || bad "restart with $*"
}

health() { IN sh -c "$AGENT health"; }

# --- What is installed, as docs/install.md says

install_agent() {
  local thing=$SCRATCH/cloud/things/$THING etc=/etc/iot-job-agent
  IN install -d -m 755 /usr/lib/iot-job-agent $etc $etc/handlers
  IN sh -c 'cat >/usr/lib/iot-job-agent/job-agent.js' <"$SCRATCH/dist/job-agent.js"
  IN chmod 755 /usr/lib/iot-job-agent/job-agent.js
  IN ln -sf ../lib/iot-job-agent/job-agent.js /usr/bin/job-agent
  IN sh -c "cat >/etc/systemd/system/$UNIT.service" <"$UNIT_FILE"
  IN sh -c "cat >$etc/certificate.pem" <"$thing/certificate.pem"
  IN sh -c "cat >$etc/ca.pem" <"$thing/ca.pem"
  IN sh -c "umask 077; cat >$etc/private.key" <"$thing/private.key"
  IN sh -c "cat >$etc/good.json" < <(
    jq '{thingName, endpoint, port, certPath, keyPath, caPath, runAsUsers: ["app"], progressIntervalSeconds: 1}' \
      "$thing/config.json"
  )
  IN useradd --groups dialout app
  executable_handler count-runs <<'HANDLER'
#!/bin/sh
echo run >> /var/lib/count-runs
echo started=yes >> "$JOB_STATUS_FILE"
sleep 301
HANDLER
  executable_handler write-own-files <<'HANDLER'
#!/bin/sh
set -eu
id -un > "$JOB_WORK_DIR/a"
id -nG >> "$JOB_WORK_DIR/a"
echo "who=$(tr '\n' ' ' < "$JOB_WORK_DIR/a")" >> "$JOB_STATUS_FILE"
HANDLER
}

executable_handler() {
  IN sh -c "cat >/etc/iot-job-agent/handlers/$1 && chmod 755 /etc/iot-job-agent/handlers/$1"
}

command_job() { jq -n '{operation: "run-command", parameters: {command: $ARGS.positional}}' --args -- "$@"; }

# --- The facts

lints_clean() {
  local here=$SCRATCH/$UNIT.service
  # systemd-analyze wants ExecStart= to be there; this machine's Node.js may be elsewhere.
  sed "s|/usr/bin/node|$(command -v node)|" "$UNIT_FILE" >"$here"
  check "systemd-analyze verify has nothing to say, $(systemd-analyze --version | sed -n 's/^\(systemd [0-9]*\).*/\1/p') (host)" \
    says_nothing systemd-analyze verify --man=no --recursive-errors=no "$here"
  check "systemd-analyze verify has nothing to say, $(IN systemctl --version | sed -n 's/^\(systemd [0-9]*\).*/\1/p')" \
    says_nothing IN systemd-analyze verify --man=no --recursive-errors=no /etc/systemd/system/$UNIT.service
}

says_nothing() {
  local output verdict
  output=$("$@" 2>&1)
  verdict=$?
  echo "$output"
  [ $verdict = 0 ] && [ -z "$output" ]
}

refuses_wrong_configuration() {
  drop_in RestartSec=1
  IN sh -c 'cat >/etc/iot-job-agent/config.json' <<<'{"thingName": "gw1", "endpiont": "localhost"}'
  IN systemctl start $UNIT 2>/dev/null && bad 'a wrong configuration starts'
  check 'a wrong configuration ends with exit code 78' is ExecMainStatus 78
  sleep 4 # four times RestartSec: what must not happen needs its time
  check '… and is not tried again' is NRestarts 0
  check '… and is told in the journal, with the name that was meant' journal_says 'endpiont.*endpoint'
  IN cp /etc/iot-job-agent/good.json /etc/iot-job-agent/config.json
}

starts_and_works() {
  drop_in
  check 'starts with the configuration put right' IN systemctl start $UNIT
  check 'is active: READY was said' is_active
  check 'says in its status text that it is connected' within 15 text_is '^connected, 0 job'
  check 'its folders let other users through, and show them nothing' equals \
    "$(IN stat -c '%a %U' /var/lib/iot-job-agent /run/iot-job-agent | tr '\n' ' ')" '711 root 711 root '
  check 'its socket is for root only' equals "$(IN stat -c '%a %U' /run/iot-job-agent/agent.sock)" '600 root'
  does_job 'does a job' inside '{"operation": "system-info"}'
  check 'job-agent health says it is well' health
}

text_is() { show StatusText | grep -q -e "$1"; }

handlers_may_do_what_root_may() {
  does_job 'a handler writes to /etc' to-etc \
    '{"operation": "write-file", "parameters": {"path": "/etc/by-a-job", "content": "x"}}'
  check '… where everybody sees it' IN test -s /etc/by-a-job
  make_package
  does_job 'a handler installs a package with a set-user-ID program' dpkg "$(command_job dpkg -i /tmp/probe.deb)"
  check '… which is there as it should be' equals "$(IN stat -c %a /usr/local/bin/probe)" 4755
  does_job 'a handler mounts a file system' mount "$(command_job mount -t tmpfs by-a-job /mnt)"
  check '… for everybody, not for the service alone' IN grep -q ^by-a-job /proc/mounts
  IN umount /mnt
  does_job 'a handler may get new privileges (sudo, su)' privs "$(command_job grep -q 'NoNewPrivs:.0' /proc/self/status)"
  does_job 'a handler has every capability that the machine has' caps \
    "$(command_job grep -q "$(IN grep CapEff /proc/1/status)" /proc/self/status)"
  does_job 'a handler runs as another user, in folders of its own' own '{"operation": "write-own-files", "runAs": "app"}'
  check '… with the groups of that user' equals "$(execution own .statusDetails.detailsMap.who)" 'app app dialout'
  does_job 'a handler asks systemd for another service' daemon "$(command_job systemd-run --unit=left sleep 300)"
  check '… which outlives the job' IN systemctl is-active left
}

make_package() {
  IN sh -ec '
    mkdir -p /tmp/probe/DEBIAN /tmp/probe/usr/local/bin
    printf "%s\n" "Package: probe" "Version: 1" "Architecture: all" "Maintainer: nobody <n@example.com>" \
      "Description: a check" > /tmp/probe/DEBIAN/control
    printf "#!/bin/sh\n" > /tmp/probe/usr/local/bin/probe
    chmod 4755 /tmp/probe/usr/local/bin/probe
    dpkg-deb --build --root-owner-group /tmp/probe /tmp/probe.deb >/dev/null'
}

watchdog_ends_a_hang() {
  restart_with WatchdogSec=4 RestartSec=1
  sleep 9 # two limits and more: a watchdog that nobody feeds would have struck
  check 'a healthy agent feeds its watchdog' is NRestarts 0
  IN systemctl kill --kill-whom=main --signal=STOP $UNIT
  check 'an agent that hangs is restarted by the watchdog' within 25 is NRestarts 1
  check '… as the journal says' journal_says 'Watchdog timeout'
  check '… and is active again' within 15 is_active
  does_job '… and takes jobs again' after-hang '{"operation": "system-info"}'
  check '… and may not dump core, which would hold the key' equals \
    "$(IN sed -n 's/^Max core file size *\([^ ]*\).*/\1/p' "/proc/$(show MainPID)/limits")" 0
}

kill_is_survived() {
  restart_with RestartSec=4
  create_job counted '{"operation": "count-runs"}'
  check 'a long job runs' within 20 has_begun counted
  IN systemctl kill --kill-whom=main --signal=KILL $UNIT
  check 'what a killed agent ran dies with it' within 3 not IN pgrep --full --exact 'sleep 301'
  check '… before it is restarted' is SubState auto-restart
  check 'an agent that was killed is restarted' within 15 is NRestarts 1
  check '… its interrupted job ends FAILED, INTERRUPTED' ends counted FAILED INTERRUPTED
  check '… was run once' equals "$(IN cat /var/lib/count-runs)" run
  does_job '… and the next job is done' after-kill '{"operation": "system-info"}'
}

stop_waits_for_or_ends_the_job() {
  restart_with
  create_job short "$(command_job sleep 4)"
  within 15 execution_is short IN_PROGRESS >/dev/null
  check 'a stop waits for a short job' IN systemctl stop $UNIT
  check '… which ends SUCCEEDED' execution_is short SUCCEEDED
  check 'a stop is clean: Result=success' is Result success
  check '… with exit code 0' is ExecMainStatus 0
  check '… and leaves no process' nothing_runs
  check '… no folder in /run, and its state' IN sh -c '! test -e /run/iot-job-agent && test -d /var/lib/iot-job-agent'
  drop_in Environment=JOB_AGENT_SHUTDOWN_MODE=stop
  IN systemctl start $UNIT
  create_job long '{"operation": "count-runs"}'
  within 15 has_begun long >/dev/null
  check 'with shutdownMode stop, a stop ends a long job' IN systemctl stop $UNIT
  check '… which is told at once: FAILED, AGENT_STOPPED' ends long FAILED AGENT_STOPPED 2
  check '… cleanly' equals "$(show Result) $(show ExecMainStatus)" 'success 0'
  check '… and leaves no process' nothing_runs
}

starts_offline() {
  stop_cloud
  restart_with
  check 'is active without a cloud' is_active
  check '… and says that it is not connected' within 15 text_is '^not connected'
  start_cloud
  does_job '… and takes jobs once there is one' after-offline '{"operation": "system-info"}'
}

reboot_is_survived() {
  restart_with Environment=JOB_AGENT_SHUTDOWN_MODE=stop
  IN systemctl enable $UNIT 2>/dev/null
  create_job in-hand '{"operation": "count-runs"}'
  within 15 has_begun in-hand >/dev/null
  IN systemctl reboot
  check 'the machine reboots with a job in hand' comes_back
  check '… which was told before it went down: AGENT_STOPPED' ends in-hand FAILED AGENT_STOPPED 2
  check '… the enabled agent is back' within 30 is_active
  restart_with
  create_job reboot "$(command_job systemctl reboot)"
  check 'a job reboots the machine' comes_back
  check '… and ends SUCCEEDED' ends reboot SUCCEEDED
  does_job '… and the agent takes jobs after it' after-reboot '{"operation": "system-info"}'
}

reboots_for_a_job() {
  local before
  before=$(boot_id)
  create_job reboot-me '{"operation": "reboot"}'
  check 'the operation reboot restarts the machine' comes_back
  check '… and ends SUCCEEDED' ends reboot-me SUCCEEDED
  check '… with the boot id of before' equals "$(execution reboot-me .statusDetails.detailsMap.bootIdBefore)" "$before"
  check '… and that of after' equals "$(execution reboot-me .statusDetails.detailsMap.bootIdAfter)" "$(boot_id)"
  check '… which is another' not equals "$before" "$(boot_id)"
  executable_handler update <<'HANDLER'
#!/bin/sh
echo "$JOB_PURPOSE $(cat /proc/sys/kernel/random/boot_id)" >> /var/lib/update
[ "$JOB_PURPOSE" = verify ] || exit 194
HANDLER
  create_job update '{"operation": "update"}'
  check 'a handler restarts the machine by exit code 194' comes_back
  check '… and its job ends SUCCEEDED' ends update SUCCEEDED
  check '… was run once and verified once' equals "$(IN cut -d ' ' -f 1 /var/lib/update | tr '\n' ' ')" 'work verify '
  check '… in two boots' equals "$(IN cut -d ' ' -f 2 /var/lib/update | sort -u | wc -l)" 2
}

boot_id() { IN cat /proc/sys/kernel/random/boot_id; }

runs_jobs_side_by_side() {
  restart_with Environment=JOB_AGENT_MAX_CONCURRENT_JOBS=2
  # Each ends only when the other has begun.
  executable_handler meet <<'HANDLER'
#!/bin/sh
touch "/run/met-$JOB_ID"
until [ "$(ls /run/met-* | wc -l)" = 2 ]; do sleep 0.1; done
HANDLER
  create_job one '{"operation": "meet"}'
  create_job two '{"operation": "meet"}'
  check 'with maxConcurrentJobs 2, two jobs run side by side' ends one SUCCEEDED
  check '… and both end' ends two SUCCEEDED
  executable_handler locked <<'HANDLER'
#!/bin/sh
test -e /run/unlocked || { echo 'the door is locked' >&2; exit 75; }
HANDLER
  restart_with
  create_job waits '{"operation": "locked"}'
  check 'a job that asks to be tried later says why' within 15 waits_for 'the door is locked'
  does_job '… and lets the next one be done' passes-by '{"operation": "system-info"}'
  check '… and is still in progress' execution_is waits IN_PROGRESS
}

waits_for() { execution waits .statusDetails.detailsMap.waiting | grep -q -e "$1"; }

# What the operations install-application and applications make of the SDK v1 jobs agent's documents.
manages_services() {
  restart_with
  unit_file stays <<<$'[Service]\nExecStart=sleep 1003\n[Install]\nWantedBy=multi-user.target'
  unit_file falls <<<$'[Service]\nExecStart=sh -c "sleep 1; exit 3"\nRestart=always\nRestartSec=100ms'
  unit_file once <<<$'[Service]\nType=oneshot\nExecStart=true'
  unit_file fails <<<$'[Service]\nType=oneshot\nExecStart=false'
  IN ln -s /dev/null /etc/systemd/system/masked.service
  IN systemctl daemon-reload
  does_job 'the operation services starts a unit that stays up' svc-start "$(services_job start '["stays"]' 3)"
  check '… which is so' IN systemctl is-active stays
  check '… as the job tells' equals \
    "$(execution svc-start .statusDetails.detailsMap.units)" 'stays active (running, disabled)'
  create_job svc-falls "$(services_job start '["falls", "stays"]' 60)"
  check 'a unit that falls over while it is watched fails the job' ends svc-falls FAILED SERVICE_DID_NOT_STAY_UP
  check '… and is the one that is told' grep -q 'did not stay up: falls' \
    <<<"$(execution svc-falls .statusDetails.detailsMap.reason)"
  does_job 'services stops one that systemd starts again and again' svc-stop "$(services_job stop '["falls"]')"
  check '… which is down' not IN systemctl is-active falls
  changes_what_is_enabled
  does_job 'a unit that runs once and ends well is well' svc-once "$(services_job start '["once"]')"
  create_job svc-fails "$(services_job start '["fails"]')"
  check 'one that ends badly is not' ends svc-fails FAILED SERVICE_ACTION_FAILED
  create_job svc-none "$(services_job restart '["stays", "no-such-unit"]')"
  check 'a unit that is not there fails the job' ends svc-none FAILED SERVICE_NOT_FOUND
  spares_the_agent
}

changes_what_is_enabled() {
  local before
  before=$(IN systemctl show stays --property=InvocationID)
  does_job 'services restarts a unit' svc-restart "$(services_job restart '["stays"]')"
  check '… which is in another run' not equals "$(IN systemctl show stays --property=InvocationID)" "$before"
  does_job 'services enables a unit' svc-enable "$(services_job enable '["stays"]')"
  check '… for the next start' equals "$(IN systemctl is-enabled stays)" enabled
  does_job 'services disables it' svc-disable "$(services_job disable '["stays"]')"
  check '… and lets it run' equals "$(IN systemctl is-enabled stays) $(IN systemctl is-active stays)" 'disabled active'
  create_job svc-masked "$(services_job start '["masked"]')"
  check 'a unit that is masked is not started' ends svc-masked FAILED SERVICE_ACTION_FAILED
}

spares_the_agent() {
  local pid
  pid=$(show MainPID)
  for action in stop restart; do
    create_job "svc-own-$action" "$(services_job $action "[\"stays\", \"$UNIT\"]")"
    check "services does not $action the agent itself" ends "svc-own-$action" REJECTED SERVICE_IS_AGENT
  done
  check '… which runs on' is MainPID "$pid"
  check '… and so does what was named beside it' IN systemctl is-active stays
}

unit_file() { IN sh -c "cat >/etc/systemd/system/$1.service"; }

# services_job ACTION UNITS [STAY_UP_SECONDS]
services_job() {
  jq -n --arg action "$1" --argjson units "$2" --argjson seconds "${3:-null}" \
    '{operation: "services", parameters: ({$action, $units} + if $seconds then {stayUpSeconds: $seconds} else {} end)}'
}

powers_off_for_a_job() {
  create_job off '{"operation": "shutdown"}'
  check 'the operation shutdown powers the machine off' goes_off
  check '… with the job in progress meanwhile' execution_is off IN_PROGRESS
  check '… and the machine starts when it is switched on' power_on
  check '… where the job ends SUCCEEDED' ends off SUCCEEDED
  does_job '… and the agent takes jobs' after-off '{"operation": "system-info"}'
}

# systemd-nspawn ends with 0 when the machine is powered off, and with 133 for a reboot.
goes_off() {
  within 60 not kill -0 "$NSPAWN_PID" || return 1
  wait "$NSPAWN_PID"
  equals $? 0
}

runs_applications_as_services() {
  local app=iot-application-telemetry
  restart_with Environment=JOB_AGENT_INSECURE_DOWNLOAD_HOSTS=127.0.0.1 RestartSec=1
  serve_files
  create_job install "$(install_document '"telemetry.js"' "node telemetry.js 'my gateway' %h \"a;b\" ''")"
  check 'an application of the SDK v1 jobs agent is installed and stays up' ends install SUCCEEDED '' 60
  check '… tells so as that agent did' equals \
    "$(execution install .statusDetails.detailsMap.state)" 'package installed and started'
  check '… runs on when its job is over' IN systemctl is-active $app
  check '… in its folder, with its words as they are, as the agent’s user' equals \
    "$(IN cat /opt/iot-applications/telemetry/said)" '["my gateway","%h","a;b",""] /opt/iot-applications/telemetry /root'
  does_job 'systemStatus tells it' sdk-status '{"operation": "systemStatus"}'
  check '… by name' equals "$(execution sdk-status .statusDetails.detailsMap.installedPackages)" '[telemetry]'
  check '… and how it is' equals \
    "$(execution sdk-status .statusDetails.detailsMap.applications)" 'telemetry: active (running, enabled)'
  fails_and_goes_back $app
  does_job 'stop stops it' sdk-stop '{"operation": "stop", "packageName": "telemetry"}'
  check '… and all that it has started' not IN pgrep --full telemetry.js
  create_job sdk-start '{"operation": "start", "packageName": "telemetry"}'
  within 20 IN systemctl is-active $app >/dev/null
  IN systemctl kill --kill-whom=main --signal=KILL $UNIT
  check 'an agent that is killed while an application starts leaves it alone' within 15 IN systemctl is-active $app
  check '… and finishes the job' ends sdk-start SUCCEEDED '' 60
  IN systemctl kill --kill-whom=main --signal=SEGV $app
  check 'an application that crashes is started again' within 20 is_up_again $app
  IN systemctl reboot
  check 'the machine restarts with an application' comes_back
  check '… which is started at boot' within 30 IN systemctl is-active $app
  does_job 'remove takes it away' app-remove '{"operation": "applications", "parameters": {"action": "remove", "name": "telemetry"}}'
  check '… its service, its files and its record' IN sh -c \
    "! systemctl cat $app && ! test -e /opt/iot-applications/telemetry/telemetry.js && ! ls /var/lib/iot-job-agent/applications/*"
  takes_any_name
}

fails_and_goes_back() {
  local before
  before=$(IN cat /opt/iot-applications/telemetry/telemetry.js | sha256sum)
  create_job worse "$(install_document '"broken.js", "telemetry.js"' 'node broken.js')"
  check 'one that does not stay up is a failure' ends worse FAILED APPLICATION_NOT_STARTED 60
  check '… which names what that agent called it' equals \
    "$(execution worse .statusDetails.detailsMap.errorCode)" ERR_UNEXPECTED_PACKAGE_EXIT
  check '… and ends with its last words' grep -q 'cannot open port 80' <<<"$(execution worse .statusDetails.detailsMap.reason)"
  check '… and everything is put back' equals "$(execution worse .statusDetails.detailsMap.rollback)" 'done'
  check '… the old file' equals "$(IN cat /opt/iot-applications/telemetry/telemetry.js | sha256sum)" "$before"
  check '… nothing new, nothing left beside' equals \
    "$(IN ls -A /opt/iot-applications/telemetry | tr '\n' ' ')" 'said telemetry.js '
  check '… and the old one runs' IN sh -c "systemctl is-active $1 && pgrep --full telemetry.js"
}

# systemd.syntax(7) and systemd.unit(5): what would be special in a unit, or in the name of one.
takes_any_name() {
  local parameters
  parameters=$(jq -n '{name: "a b/ü%h", workingDirectory: "/opt/x %h \\ $y ", files: [], start: true, startAtBoot: true, stayUpSeconds: 1,
    command: ["sh", "-c", "pwd > /run/odd; printf \"<%s>\" \"$@\" >> /run/odd", "sh", "%h", "$HOME", "${X}", ";", "a\nb", "\"", "\\", "-"]}')
  create_job odd "$(jq -n --argjson parameters "$parameters" '{operation: "install-application", $parameters}')"
  check 'an application with a name, a folder and arguments of any sort runs' ends odd SUCCEEDED
  check '… and has them as they are' equals "$(IN cat /run/odd)" \
    "$(printf '%s\n' '/opt/x %h \ $y ' '<%h><$HOME><${X}><;><a' 'b><"><\><->')"
}

is_up_again() { IN systemctl is-active "$1" && equals "$(IN systemctl show "$1" --property=NRestarts --value)" 1; }

serve_files() {
  IN mkdir -p /srv/files
  IN sh -c 'cat >/srv/files/telemetry.js' <<'APPLICATION'
require('fs').writeFileSync('said', [JSON.stringify(process.argv.slice(2)), process.cwd(), process.env.HOME].join(' '));
require('child_process').spawn('sleep', ['1000', 'telemetry.js']);
setInterval(() => {}, 1000);
APPLICATION
  IN sh -c 'cat >/srv/files/broken.js' <<'APPLICATION'
console.error('cannot open port 80');
process.exit(1);
APPLICATION
  IN systemd-run --quiet --unit=files node -e \
    'require("http").createServer((q, a) => a.end(require("fs").readFileSync("/srv/files" + q.url))).listen(8088, "127.0.0.1")'
  within 10 IN sh -c 'node -e "require(\"http\").get(\"http://127.0.0.1:8088/broken.js\")"' >/dev/null
}

# install_document FILES COMMAND: as that agent takes it. FILES: names, as of a JSON array.
install_document() {
  jq -n --argjson names "[$1]" --arg command "$2" '{operation: "install", packageName: "telemetry",
    workingDirectory: "./telemetry", launchCommand: $command, autoStart: "true",
    files: [$names[] | {fileName: ., fileSource: {url: "http://127.0.0.1:8088/\(.)"}}]}'
}

main "$@"
