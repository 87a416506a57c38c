/**
 * Process entry of `job-agent`: arguments and exit code. Each command is loaded only when it is asked for: a handler host
 * needs no MQTT, and is 7 MB smaller without it.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_CONFIG_FILE, EXIT, USAGE, UsageError } from './cli/usage.ts';
import { ConfigError } from './config/config-error.ts';
import { AgentUnreachableError } from './local-api/client.ts';
import { AGENT_VERSION } from './version.ts';

/** This very file, once bundled. */
const hostArgv = [process.execPath, fileURLToPath(import.meta.url), 'handler-host'];

// Handlers inherit it, and expect the usual one: `touch` must not make files that nobody else can read. The agent's own
// files name their modes.
process.umask(0o022);

try {
  const exitCode = await main(process.argv.slice(2));
  if (exitCode !== EXIT.done) process.exitCode = exitCode;
} catch (error) {
  process.exitCode = explain(error);
}

async function main(argv: readonly string[]): Promise<number> {
  const { command, values } = parse(argv);
  if (values.help) return print(USAGE);
  if (values.version) return print(`${AGENT_VERSION}\n`);
  const source = { file: values.config ?? DEFAULT_CONFIG_FILE, env: process.env };
  switch (command) {
    case 'run':
      return (await import('./cli/run.ts')).run({ configFile: source.file, env: process.env, hostArgv });
    case 'status':
      return (await import('./cli/status.ts')).status(source, values.json);
    case 'health':
      return (await import('./cli/status.ts')).health(source);
    case 'config':
      return (await import('./cli/config.ts')).config(source, values.json);
    case 'handler-host': // started by the agent itself, for a handler of kind `module`
      process.exit(await (await import('./handler-host/host.ts')).runHandlerHost());
  }
  throw new UsageError(command === undefined ? 'which command?' : `there is no command ${JSON.stringify(command)}`);
}

function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        json: { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [command, ...surplus] = positionals;
    if (surplus.length > 0) throw new UsageError(`${JSON.stringify(surplus[0])} is one word too many`);
    return { command, values };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return EXIT.done;
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(`job-agent: ${error.message}\nTry 'job-agent --help'.`);
    return EXIT.usage;
  }
  if (error instanceof AgentUnreachableError) {
    console.error(`job-agent: ${error.message}`);
    return EXIT.unavailable;
  }
  console.error(error instanceof ConfigError ? `job-agent: ${error.message}` : error);
  return error instanceof ConfigError ? EXIT.config : EXIT.failed;
}
