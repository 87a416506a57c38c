/** Process entry of `job-agent`: arguments and exit code. */
import { fileURLToPath } from 'node:url';
import { parseArguments } from './cli/parse-arguments.ts';
import { DEFAULT_CONFIG_FILE, EXIT, USAGE, UsageError } from './cli/usage.ts';
import { ConfigError } from './config/config-error.ts';
import { AgentUnreachableError } from './local-api/client.ts';
import { JournalError } from './ports/journal.ts';
import { AGENT_VERSION } from './version.ts';

/**
 * This very file, once bundled. What a download throws away is collected early: with V8's usual 16 MiB for what is young
 * a host that downloads is 20 MiB larger, and no faster.
 */
const hostArgv = [process.execPath, '--max-semi-space-size=1', fileURLToPath(import.meta.url), 'handler-host'];

// Handlers inherit it, and expect the usual one: `touch` must not make files that nobody else can read. The agent's own
// files name their modes.
process.umask(0o022);

const KNOWN_ERRORS = [
  [UsageError, EXIT.usage],
  [ConfigError, EXIT.config],
  [JournalError, EXIT.ioError],
  [AgentUnreachableError, EXIT.unavailable],
] as const;

try {
  const exitCode = await main(process.argv.slice(2));
  if (exitCode !== EXIT.done) process.exitCode = exitCode;
} catch (error) {
  process.exitCode = await explain(error);
}

async function main(argv: readonly string[]): Promise<number> {
  const { name, command, operands, values } = parseArguments(argv);
  if (values.help === true)
    return print(name === undefined ? USAGE : (await import('./cli/usage-of.ts')).usageOf(name));
  if (values.version === true) return print(`${AGENT_VERSION}\n`);
  if (command === undefined) throw new UsageError('which command?');
  const { config: file } = values;
  return command.run({
    source: { file: typeof file === 'string' ? file : DEFAULT_CONFIG_FILE, env: process.env },
    isConfigGiven: file !== undefined,
    asJson: values.json === true,
    operands,
    values,
    hostArgv,
  });
}

function print(text: string): number {
  process.stdout.write(text);
  return EXIT.done;
}

/** A known error explains itself; only an unknown one needs to show where it came from. */
async function explain(error: unknown): Promise<number> {
  const known = KNOWN_ERRORS.find(([kind]) => error instanceof kind);
  if (known === undefined) console.error(error);
  else console.error(`job-agent: ${(error as Error).message}`);
  if (error instanceof UsageError) {
    const { helpFor } = await import('./cli/usage-of.ts');
    console.error(`Try '${helpFor(process.argv.slice(2))}'.`);
  }
  return known?.[1] ?? EXIT.failed;
}
