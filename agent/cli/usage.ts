/** The command line of `job-agent`: what there is, and how a mistake in it is told. */

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes, from sysexits.h(3head) where it has one. `systemd/iot-job-agent.service` does not restart on 78. */
export const EXIT = { done: 0, failed: 1, usage: 2, unavailable: 69, ioError: 74, config: 78 } as const;

export const DEFAULT_CONFIG_FILE = '/etc/iot-job-agent/config.json';

export const USAGE = `Usage: job-agent <command> [--config FILE] [--json]

Commands:
  run       connect, take jobs and run them, until told to stop
  status    what the running agent is doing
  health    exit 0 when the running agent is well: its event loop turns and its journal can be written.
            Being offline is well: a gateway without a link does what it can.
  config    check the configuration and print every setting as it is in force

Options:
  --config FILE  settings, JSON (default: ${DEFAULT_CONFIG_FILE})
  --json         print JSON (status, config)
  --version      print the version
  --help         print this

Every setting can also be given as JOB_AGENT_<UPPER_SNAKE> in the environment, which wins over the file.
Exit status: 0 done, 1 failed, 2 wrong usage, 69 no agent answers, 74 no journal possible, 78 wrong configuration.
`;
