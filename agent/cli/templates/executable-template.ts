/** An executable with its manifest: in sh or Python, or in whatever it is rewritten in. */
import { exampleOf, json, type MakeTemplate, PARAMETERS, type Template } from './template.ts';

export const shTemplate: MakeTemplate = (operation) => template(operation, sh(operation));

export const pythonTemplate: MakeTemplate = (operation) => template(operation, python(operation));

function template(operation: string, program: string): Template {
  const manifest = {
    summary: 'Writes a greeting into a file. (Say here in one sentence what it does.)',
    parameters: PARAMETERS,
    onInterrupted: 'rerun',
    timeoutSeconds: 60,
  };
  return {
    files: [
      { name: operation, text: program, isProgram: true },
      { name: `${operation}.handler.json`, text: json(manifest), isProgram: false },
      exampleOf(operation),
      { name: `${operation}.test.sh`, text: test(operation), isProgram: false },
    ],
    next: [
      `job-agent exec ${operation}.example.job.json --handlers-dir .`,
      `sh ${operation}.test.sh`,
      `job-agent handlers check ./${operation}`,
    ],
  };
}

const sh = (operation: string) => `#!/bin/sh
# ${operation}: does the operation of that name. Its parameters were checked by ${operation}.handler.json.
set -eu

# Cancelled, or over its time limit: take away what is half done, and end.
trap 'rm -f "$JOB_WORK_DIR/part"; exit 1' TERM
# That nobody reads what it prints is no reason to die half-way.
trap '' PIPE

# Status details of the job; the last value of a key counts.
report() { echo "$1=$2" >> "$JOB_STATUS_FILE"; }

# Parameters come as JSON on stdin. These hold no quotes, so sed will do; jq reads any: jq -r .who
parameters=$(cat)
member() { printf '%s' "$parameters" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
path=$(member path)
who=$(member who)
[ -n "$path" ] || { echo "expected parameters on stdin" >&2; exit 1; }

report state writing
# What takes long runs in the background and is waited for, so that TERM is heard at once.
sleep 0.2 &
wait $!

# Whole or not at all: written beside, then put in place.
echo "Hello, $who" > "$JOB_WORK_DIR/part"
mv "$JOB_WORK_DIR/part" "$JOB_WORK_DIR/$path"
report state written
echo "wrote $path" || :

# exit 75: try me later. exit 194: restart the gateway, then call me with JOB_PURPOSE=verify. Any other: it failed.
`;

const python = (operation: string) => `#!/usr/bin/env python3
"""${operation}: does the operation of that name. Its parameters were checked by ${operation}.handler.json."""
import json
import os
import signal
import sys
import time

work_dir = os.environ["JOB_WORK_DIR"]
part = os.path.join(work_dir, "part")


def stopped(signum, frame):
    """Cancelled, or over its time limit: take away what is half done, and end."""
    if os.path.exists(part):
        os.remove(part)
    sys.exit(1)


def report(key, value):
    """Status details of the job; the last value of a key counts."""
    with open(os.environ["JOB_STATUS_FILE"], "a", encoding="utf-8") as status:
        status.write(f"{key}={value}\\n")


signal.signal(signal.SIGTERM, stopped)
parameters = json.load(sys.stdin)

report("state", "writing")
time.sleep(0.2)

# Whole or not at all: written beside, then put in place.
with open(part, "w", encoding="utf-8") as file:
    file.write(f"Hello, {parameters['who']}\\n")
os.replace(part, os.path.join(work_dir, parameters["path"]))
report("state", "written")

# sys.exit(75): try me later. 194: restart the gateway, then call me with JOB_PURPOSE=verify. Any other: it failed.
`;

const test = (operation: string) => `# sh ${operation}.test.sh: tries ${operation} as the agent would run it.
set -eu
cd "$(dirname "$0")"
job_agent=\${JOB_AGENT:-job-agent}
command -v "$job_agent" > /dev/null || { echo "there is no $job_agent; set JOB_AGENT to the path of job-agent.js" >&2; exit 1; }
run() { "$job_agent" exec - --handlers-dir . --quiet; }
fail() { echo "FAILED: $1" >&2; exit 1; }

"$job_agent" exec ${operation}.example.job.json --handlers-dir . --quiet | grep -q '^SUCCEEDED' ||
  fail 'the example did not succeed'

echo '{"operation": "${operation}", "parameters": {"path": "../out.txt", "who": "x"}}' | run | grep -q '^REJECTED' ||
  fail 'a path that leads out was not refused'

echo passed
`;
