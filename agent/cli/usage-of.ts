/** What one command takes, for `job-agent <command> --help`. */
import { USAGE } from './usage.ts';

const USAGES: Readonly<Record<string, string>> = {
  run: `Usage: job-agent run [--config FILE]

The agent itself, as systemd and the container start it: connects, takes jobs and runs them, until SIGTERM or SIGINT tells it
to stop. Then a job in hand may end first, or is stopped, as shutdownMode says; a second signal ends the agent at once.
Log lines go to stdout: JSON, unless that is a terminal.

Examples:
  job-agent run --config /etc/iot-job-agent/config.json
  JOB_AGENT_LOG_LEVEL=debug job-agent run

Exit status: 0 it was told to stop, and closed everything, 1 a second signal, or a fault of the agent, 2 wrong usage,
74 no journal possible, 78 wrong configuration.
`,
  status: `Usage: job-agent status [--config FILE] [--json]

What the running agent is doing: whether it is connected and why not, jobs in hand and how far they are, the last results.
It asks the agent through agent.sock in runtimeDir, which only root and the agent's user may do.

Examples:
  job-agent status
  job-agent status --json | jq .connection

Exit status: 0, 2 wrong usage, 69 no agent answers, 78 wrong configuration.
`,
  health: `Usage: job-agent health [--config FILE] [--json]

Whether the running agent is well: its event loop turns and its journal can be written. Prints "well", or "ill:" and why.
Being offline is well: a gateway without a link does what it can. So is having failed jobs.

Examples:
  job-agent health || journalctl -u iot-job-agent -n 50

Exit status: 0 well, 1 ill, 2 wrong usage, 69 no agent answers, 78 wrong configuration.
`,
  config: `Usage: job-agent config [--config FILE] [--json]
       job-agent config import FILE

Checks the configuration, certificate and key included, and lists every mistake at once; else prints every setting as it is
in force, from file, environment and defaults, and on stderr what it doubts. Call it as the agent's user, which must be able
to read the key.

Examples:
  job-agent config
  job-agent config --config ./config.json --json | jq .stateDir

Exit status: 0, 2 wrong usage, 78 wrong configuration.
`,
  plan: `Usage: job-agent plan DOCUMENT.json [--handlers-dir DIR] [--config FILE] [--json]      (- for stdin)

What a job document would do on this machine as it is now. Nothing runs: the document is read and reviewed as a job's
is, and the handlers that can tell say what they would do. For each step: handler, file with sha256, owner and mode,
command, parameters without secrets, user, time limit, what happens when it is interrupted or fails, and what would
make it fail as things are. Call it as the agent's user: other users may see other things.

Examples:
  job-agent plan update.json
  echo '{"operation": "reboot"}' | job-agent plan -

Exit status: 0 it would run, 1 it would run and something would make it fail, 2 wrong usage or not JSON, 3 it would be
REJECTED, 78 wrong configuration.
`,
  handlers: `Usage: job-agent handlers [--handlers-dir DIR] [--config FILE] [--json]
       job-agent handlers new NAME
       job-agent handlers show NAME|PATH
       job-agent handlers check NAME|PATH

Every operation that there is on this machine: built in, and the files of handlersDir and handlerPaths. Files that
would be refused are listed with the reason and the command that cures it.

Examples:
  job-agent handlers
  job-agent handlers --handlers-dir . --json

Exit status: 0, 1 a file would be refused, 2 wrong usage, 78 wrong configuration.
`,
  'handlers new': `Usage: job-agent handlers new NAME [options]

Writes a handler for the operation NAME that can be run at once: the handler, for an executable its manifest
(NAME.handler.json), an example document (NAME.example.job.json) and a test. Says which three commands come next.
Nothing that is there is overwritten.

Options:
  --kind KIND       executable (default): a program of any kind. module: JavaScript that the agent runs with its Node.js
  --language NAME   sh (default) or python, executables; js or ts, modules
  --dir DIR         where to write it (default: here)
  --json, --help

Examples:
  job-agent handlers new restart-modem
  job-agent handlers new prune-files --language js --dir my-handlers

Exit status: 0, 2 a name that cannot be, or something is there already.
`,
  'handlers show': `Usage: job-agent handlers show NAME|PATH [--handlers-dir DIR] [--config FILE] [--json]

What an operation does, takes and needs, what happens when it is interrupted, and an example document; for a file the
example is NAME.example.job.json beside it.

Examples:
  job-agent handlers show download-file
  job-agent handlers show restart-modem --handlers-dir .

Exit status: 0, 1 it would be refused, 2 there is no such handler, 78 wrong configuration.
`,
  'handlers check': `Usage: job-agent handlers check NAME|PATH [options]

Runs a handler for real, again and again, in a scratch folder, each time in worse circumstances, and prints a verdict a
check: what was done and what was seen. Only what lies in its working folder, $HOME and $TMPDIR is scratch: whatever
else it does, it does to this machine. At first the job has to succeed in peace.

Options:
  --document FILE     a job of one step of this handler that can succeed here. Without it NAME.example.job.json beside
                      the handler, or else a job without parameters
  --only CHECK,…      only these: processes left, double delivery, unknown parameter, 100 MB of output,
                      slow reader, closed stdin, files left, restart, closed output, SIGTERM, SIGKILL, full disk
  --handlers-dir DIR  take NAME from DIR instead of the setting handlersDir
  --config FILE, --json, --help

Examples:
  job-agent handlers check ./restart-modem
  job-agent handlers check prune-files --handlers-dir . --only 'SIGKILL,full disk'

Exit status: 0 nothing failed, 1 something did, 2 wrong usage, or a handler that would be refused, 78 wrong configuration.
`,
  'config import': `Usage: job-agent config import FILE [--output FILE [--force]]
       job-agent config import [--output FILE [--force]] -- ARGUMENTS

Prints as a configuration of this agent: that of the AWS IoT Device Client, a JSON file, or that of the jobs agent of the
AWS IoT Device SDK for JavaScript v1, its JSON file or the ARGUMENTS that it is started with. Tells on stderr each setting
that has no counterpart here and what that means, and what is left to do. One that this agent would not take is neither
printed nor written.

Options:
  --output FILE  write it to FILE, mode 644; replaces none
  --force        replace FILE

Examples:
  job-agent config import ~/.aws-iot-device-client/aws-iot-device-client.conf --output config.json
  job-agent config import -- -H a1b2c3d4e5f6g7-ats.iot.us-east-1.amazonaws.com -T gateway-1 -f certs

Exit status: 0 done, 2 wrong usage, 78 the configuration cannot be taken over.
`,
  exec: `Usage: job-agent exec DOCUMENT.json [options]        (- for stdin)

Runs a job document on this machine as the agent would run a job, without a cloud: the same checks, handlers, steps,
retries, time limits and clean-up. Progress goes to stderr; the final status and its details to stdout, as the cloud
would get them. Ctrl-C cancels the job as an operator would, a second one kills it. Needs no certificate and no
endpoint; where the default configuration file is not there, every setting has its default.

Options:
  --handlers-dir DIR  take executables from DIR instead of the setting handlersDir
  --state-dir DIR     work in DIR and leave it there; by default in a new folder that is removed at the end
  --keep              leave the working folder of the job where it is, and say where
  --after-reboot      where a step asks for a restart or for power off, go on as if the machine had started again;
                      nothing is restarted
  --skip-waits        where a step asks to be tried later, try again at once
  --quiet             no progress and no output of handlers on stderr
  --config FILE, --json, --help

Examples:
  job-agent exec greet.example.job.json --handlers-dir .
  echo '{"operation": "run-command", "parameters": {"command": ["uname", "-s"]}}' | job-agent exec -

Exit status: 0 SUCCEEDED, 1 FAILED, 2 wrong usage or not JSON, 3 REJECTED, 4 not over: it asks for a restart or
for power off, which exec never does, 78 wrong configuration, 130 cancelled.
`,
};

export function usageOf(name: string): string {
  return USAGES[name] ?? USAGE;
}

/** Where it can be read up what is wrong with these words. */
export function helpFor(argv: readonly string[]): string {
  const [first = '', second = ''] = argv.filter((word) => !word.startsWith('-'));
  const name = [`${first} ${second}`, first].find((words) => Object.hasOwn(USAGES, words));
  return name === undefined ? 'job-agent --help' : `job-agent ${name} --help`;
}
