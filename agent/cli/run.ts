/** `job-agent run`: the daemon, from the configuration to its last breath. */
import closeWithGrace from 'close-with-grace';
import { type RunningAgent, startAgent } from '../agent.ts';
import { loadAgentSetup } from '../config/agent-setup.ts';
import type { Config } from '../config/schema.ts';
import { createLogger } from '../log.ts';
import { JournalError } from '../ports/journal.ts';
import { TransportError } from '../ports/transport.ts';
import { AGENT_VERSION } from '../version.ts';
import { EXIT } from './usage.ts';

export interface RunOptions {
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How to start a handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
}

/** What closing may take beyond the two graces: the last reports, and the journal. */
const CLOSE_MARGIN_MS = 20_000;

/** The process ends with the agent, on a signal. @throws ConfigError. */
export async function run({ configFile, env, hostArgv }: RunOptions): Promise<number> {
  const setup = await loadAgentSetup({ file: configFile, env });
  const { config } = setup;
  const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY === true });
  for (const warning of setup.credentials.openWarnings) {
    log.warn({ ...warning }, 'credentials of this thing could be replaced by others');
  }
  for (const doubt of setup.doubts) log.warn({ ...doubt }, 'a setting leads to nothing on this machine');
  let agent: RunningAgent | null = null;
  const starting = startAgent({ ...setup, log, agentVersion: AGENT_VERSION, hostArgv, env });
  closeWithGrace(
    {
      delay: closeWithinMs(config),
      logger: {
        error: (reason: unknown) => log.fatal({ reason: String(reason) }, 'agent ends without closing everything'),
      },
      skip: ['beforeExit', 'SIGUSR2'],
      onSecondSignal: (signal) =>
        log.fatal(
          { signal },
          'agent ends at once; what still runs is ended by the service manager, or by the next start',
        ),
    },
    async ({ signal, err }) => {
      if (err) {
        log.fatal({ err }, 'agent ends after an error that nobody expected');
        await agent?.noteFault(err);
      } else log.info({ signal, shutdownMode: config.shutdownMode }, 'agent stops; a second signal ends it at once');
      await starting.catch(() => undefined);
      await agent?.stop();
      log.info({}, 'agent stopped');
    },
  );
  try {
    agent = await starting;
  } catch (error) {
    log.fatal(reasonOf(error), 'agent cannot start');
    // close-with-grace would keep the process; nothing is open that needs closing.
    process.exit(exitCodeOf(error));
  }
  return EXIT.done;
}

/** A known error explains itself; only an unknown one needs to show where it came from. */
function reasonOf(error: unknown): object {
  const isKnown = error instanceof JournalError || error instanceof TransportError;
  return isKnown ? { code: error.code, reason: error.message } : { err: error };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof TransportError) return EXIT.config; // not installed: only the configuration can cure it
  return error instanceof JournalError ? EXIT.ioError : EXIT.failed;
}

function closeWithinMs({ shutdownGraceSeconds, stopGraceSeconds }: Config): number {
  return (shutdownGraceSeconds + stopGraceSeconds) * 1_000 + CLOSE_MARGIN_MS;
}
