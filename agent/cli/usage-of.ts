/** What one command takes, for `job-agent <command> --help`. */
import { USAGE } from './usage.ts';

const USAGES: Readonly<Record<string, string>> = {
  plan: `Usage: job-agent plan DOCUMENT.json [--handlers-dir DIR] [--config FILE] [--json]      (- for stdin)

What a job document would do on this machine as it is now. Nothing runs: the document is read and reviewed as a job's
is, and the handlers that can tell say what they would do. For each step: handler, file with sha256, owner and mode,
command, parameters without secrets, user, time limit, what happens when it is interrupted or fails, and what would
make it fail as things are. Call it as the agent's user: other users may see other things.

Exit status: 0 it would run, 1 it would run and something would make it fail, 2 wrong usage or not JSON, 3 it would be
REJECTED, 78 wrong configuration.
`,
  handlers: `Usage: job-agent handlers [--handlers-dir DIR] [--config FILE] [--json]
       job-agent handlers new NAME
       job-agent handlers show NAME
       job-agent handlers check NAME|PATH

Every operation that there is on this machine: built in, and the files of handlersDir and handlerPaths. Files that
would be refused are listed with the reason and the command that cures it.

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

Exit status: 0, 2 a name that cannot be, or something is there already.
`,
  'handlers show': `Usage: job-agent handlers show NAME [--handlers-dir DIR] [--config FILE] [--json]

What an operation does, takes and needs, what happens when it is interrupted, and an example document; for a file the
example is NAME.example.job.json beside it.

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
