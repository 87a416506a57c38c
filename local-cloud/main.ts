/** Process entry of `job-cloud`: arguments, signals, exit code. */
import process from 'node:process';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { default as pinoPretty } from 'pino-pretty';
import type { Arguments } from './arguments.ts';
import { isLoopback, parseArguments, USAGE, UsageError } from './arguments.ts';
import type { JobCloud } from './job-cloud.ts';
import { startJobCloud } from './job-cloud.ts';
import { readServiceOptionsFile } from './service-options-file.ts';
import { StartError } from './start-error.ts';

const EXIT_USAGE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const parsed = readArguments(argv);
  if (parsed === 'invalid') return EXIT_USAGE;
  if (parsed === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const log = createLog(process.env.JOB_CLOUD_LOG_LEVEL ?? 'info');
  if (!isLoopback(parsed.host)) {
    log.warn({ host: parsed.host }, 'LISTENING BEYOND THIS MACHINE: job-cloud is for development, not for a network');
  }
  // Before the start: a signal that comes while it lasts must not leave half a cloud behind.
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  let cloud: JobCloud;
  try {
    const { optionsFile } = parsed;
    const serviceOptions = optionsFile === undefined ? undefined : await readServiceOptionsFile(optionsFile);
    cloud = await startJobCloud({ ...parsed, serviceOptions, log });
  } catch (err) {
    if (err instanceof StartError) {
      process.stderr.write(`job-cloud: ${err.message}\n`);
      return err.exitCode;
    }
    log.fatal({ err }, 'job-cloud could not start');
    return 1;
  }
  const { mqttPort, httpPort, jobsDataTlsPort, artifactsUrl, consoleUrl, caPath, credentialsPath, things } = cloud;
  const ready = { mqttPort, httpPort, jobsDataTlsPort, artifactsUrl, consoleUrl, caPath, credentialsPath, things };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  log.info({ mqttPort, httpPort, jobsDataTlsPort, things: Object.keys(things) }, 'job-cloud listens');
  // Whoever reads this log may use the console: it is the log of whoever started the cloud.
  log.info({ consoleUrl }, 'web console');
  const signal = await stopped;
  log.info({ signal }, 'job-cloud stops');
  try {
    await cloud.close();
  } catch (err) {
    log.fatal({ err }, 'job-cloud could not end in order');
    return 1;
  }
  return 0;
}

/** On stderr, because stdout is for the one line of JSON: text for a person at a terminal, JSON lines otherwise. */
function createLog(level: string): Logger {
  const destination = process.stderr.isTTY
    ? pinoPretty({
        destination: 2,
        sync: true,
        singleLine: true,
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : pino.destination({ dest: 2, sync: true });
  return pino(
    {
      level,
      // As the agent's own log: both are read side by side.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

function readArguments(argv: readonly string[]): Arguments | 'help' | 'invalid' {
  try {
    return parseArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`job-cloud: ${error.message}\nTry 'job-cloud --help'.\n`);
    return 'invalid';
  }
}
