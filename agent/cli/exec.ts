/** `job-agent exec`: a job document runs here, as the agent would run it, and without a cloud. */
import type { JobExecutionStatus, StatusDetails } from '../core/job-execution.ts';
import { createLogger } from '../log.ts';
import { type TrialEnd, tryDocument } from '../trial/try-document.ts';
import type { CommandCall } from './commands.ts';
import { goOnUnread, onSignals } from './interruption.ts';
import { progressLine } from './job-progress.ts';
import { offlineSettings } from './offline-call.ts';
import { withUnsignedUrls } from './presigned-placeholders.ts';
import { readDocument } from './read-document.ts';
import { columns } from './terminal-text.ts';
import { EXIT, UsageError } from './usage.ts';

/** @throws UsageError, ConfigError, JournalError. */
export async function exec(call: CommandCall): Promise<number> {
  const { asJson, operands, values, hostArgv } = call;
  goOnUnread();
  const document = await readDocument(operands[0] ?? '-');
  const { config, downloadCaPem } = await offlineSettings(call);
  for (const warning of document.warnings) process.stderr.write(`warning: ${warning}\n`);
  const { count } = withUnsignedUrls(document.value, config.thingName);
  if (count > 0) process.stderr.write(`warning: ${toBeSigned(count)}\n`);
  const tell = values.quiet === true ? () => undefined : (text: string) => void process.stderr.write(text);
  const running = await tryDocument({
    jobDocument: document.value,
    downloadCaPem,
    config,
    stateDir: textOf('state-dir', values['state-dir']),
    keep: values.keep === true,
    passRestarts: values['after-reboot'] === true,
    skipWaits: values['skip-waits'] === true,
    hostArgv,
    log: createLogger({
      level: 'debug',
      pretty: false,
      destination: { write: (line) => tell(progressLine(line)) },
    }),
    onProgress: createProgressTeller(tell),
  });
  const forget = onSignals((isFirst) => {
    tell(isFirst ? 'cancelling; once more kills it\n' : 'killing\n');
    if (isFirst) running.cancel();
    else void running.kill();
  });
  const end = await running.ended.finally(forget);
  process.stdout.write(asJson ? `${JSON.stringify(jsonOf(end), null, 2)}\n` : textOfEnd(end));
  if (end.keptFolder !== undefined) tell(`kept: ${end.keptFolder}\n`);
  return exitCodeOf(end);
}

function toBeSigned(count: number): string {
  const [urls, its] = count === 1 ? ['1 URL is', 'its'] : [`${count} URLs are`, 'their'];
  return `${urls} for AWS IoT to sign (\${aws:iot:s3-presigned-url…}), and exec is without it: put a URL in ${its} place`;
}

function textOf(option: string, value: string | boolean | undefined): string | undefined {
  if (value === '') throw new UsageError(`--${option} needs a folder`);
  return typeof value === 'string' ? value : undefined;
}

/** Tells what has changed, one line for what changed together. */
function createProgressTeller(tell: (text: string) => void): (details: StatusDetails) => void {
  let known: StatusDetails = {};
  return (details) => {
    const changed = Object.entries(details).filter(([key, value]) => known[key] !== value);
    known = details;
    if (changed.length > 0) tell(columns(changed, '  · '));
  };
}

function textOfWait(waitsFor: NonNullable<TrialEnd['waitsFor']>): string {
  const what = waitsFor === 'restart' ? 'a restart of' : 'power off of';
  return `The job asks for ${what} the gateway, which exec never does. --after-reboot goes on as if it had started again.\n`;
}

function textOfEnd({ status, statusDetails, waitsFor }: TrialEnd): string {
  const note = waitsFor === undefined ? '' : textOfWait(waitsFor);
  return `${status}\n${columns(Object.entries(statusDetails))}${note}`;
}

function jsonOf({ status, statusDetails, waitsFor, keptFolder }: TrialEnd) {
  return { status, statusDetails, ...(waitsFor && { waitsFor }), ...(keptFolder && { keptFolder }) };
}

const EXIT_CODES: Readonly<Record<JobExecutionStatus, number>> = {
  SUCCEEDED: EXIT.done,
  FAILED: EXIT.failed,
  REJECTED: EXIT.rejected,
  CANCELED: EXIT.cancelled,
  QUEUED: EXIT.notOver,
  IN_PROGRESS: EXIT.notOver,
  TIMED_OUT: EXIT.failed,
  REMOVED: EXIT.failed,
};

function exitCodeOf({ status }: TrialEnd): number {
  return EXIT_CODES[status];
}
