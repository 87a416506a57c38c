/** The command line of `job-agent`: what there is, and how a mistake in it is told. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Exit codes, from sysexits.h(3head) where it has one. `systemd/iot-job-agent.service` does not restart on 78. What only
 * commands that try a document have: 3, it would be REJECTED; 4, it is not over; 130, cancelled by SIGINT (bash(1)).
 */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  rejected: 3,
  notOver: 4,
  unavailable: 69,
  ioError: 74,
  config: 78,
  cancelled: 130,
} as const;

export const DEFAULT_CONFIG_FILE = '/etc/iot-job-agent/config.json';

/** Not for people. */
export const HANDLER_HOST = 'handler-host';

export const USAGE = `Usage: job-agent <command> [--config FILE] [--json]

Commands:
  run       connect, take jobs and run them, until told to stop
  status    what the running agent is doing
  health    exit 0 when the running agent is well: its event loop turns and its journal can be written.
            Being offline is well: a gateway without a link does what it can.
  config    check the configuration and print every setting as it is in force

  config import FILE
            print the configuration of the AWS IoT Device Client, or of the SDK v1 jobs agent, as one of this agent

Commands that need no cloud, no certificate and no running agent:
  exec      run a job document here, as the agent would
  plan      what a job document would do here; runs nothing
  handlers  every operation there is on this machine, and what is wrong with files that would be refused

  handlers new NAME [--kind executable|module] [--language sh|python|js|ts]
            write a handler that can be run at once, with its example and its test
  handlers show NAME|PATH
            what an operation takes and needs, with an example
  handlers check NAME|PATH
            put a handler through what a gateway does to it: power cuts, SIGTERM, a full disk, and more

Options:
  --config FILE  settings, JSON (default: ${DEFAULT_CONFIG_FILE})
  --json         print JSON (every command but run)
  --version      print the version
  --help         print this, or what a command takes: job-agent exec --help

Every setting can also be given as JOB_AGENT_<UPPER_SNAKE> in the environment, which wins over the file.
Exit status: 0 done, 1 failed, 2 wrong usage, 3 rejected, 4 not over, 69 no agent answers, 74 no journal possible,
78 wrong configuration, 130 cancelled. docs/command-line.md says of each command which it has.
`;
