/** `job-agent handlers check NAME|PATH`: puts a handler through what a gateway does to it, and prints a verdict a check. */
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonValue } from '../core/json.ts';
import { nearestName } from '../core/nearest-name.ts';
import { CHECK_NAMES, checkHandler } from '../handler-check/check-handler.ts';
import { operationOf } from '../handler-check/one-step.ts';
import type { Verdict } from '../handler-check/verdict.ts';
import { AGENT_VERSION } from '../version.ts';
import type { CommandCall } from './commands.ts';
import { subjectOf } from './handler-catalog.ts';
import { EXAMPLE_SUFFIX } from './handlers-show.ts';
import { goOnUnread, onSignals } from './interruption.ts';
import { SILENT_LOG } from './offline-call.ts';
import { readDocument } from './read-document.ts';
import { visible } from './terminal-text.ts';
import { EXIT, UsageError } from './usage.ts';

/** @returns `EXIT.done` only when nothing failed. @throws UsageError, ConfigError. */
export async function handlersCheck(call: CommandCall): Promise<number> {
  const stopping = new AbortController();
  const forget = onSignals(() => stopping.abort());
  goOnUnread();
  try {
    return await check(call, stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.cancelled;
    throw error;
  } finally {
    forget();
  }
}

async function check(call: CommandCall, signal: AbortSignal): Promise<number> {
  const { settings, entry } = await subjectOf(call.operands[0] ?? '', call);
  const name = entry.operation;
  const [problem] = entry.problems;
  if (problem !== undefined || entry.kind === null) {
    throw new UsageError(`${name} would be refused: ${problem?.reason ?? 'it is no handler'}`);
  }
  const only = checkNames(call.values.only);
  const jobDocument = await documentFor(name, entry.path, call.values.document);
  const tell = (verdict: Verdict) => {
    if (!call.asJson) process.stdout.write(line(verdict));
  };
  const { operation, kind, onInterrupted, path } = entry;
  if (!call.asJson) process.stdout.write(`${visible(path ?? name)} (${kind}, ${onInterrupted} when interrupted)\n`);
  const verdicts = await checkHandler({
    ...settings,
    operation,
    kind,
    onInterrupted,
    path,
    jobDocument,
    only,
    signal,
    agentVersion: AGENT_VERSION,
    hostArgv: call.hostArgv,
    log: SILENT_LOG,
    onVerdict: tell,
  });
  const failed = verdicts.filter(({ verdict }) => verdict === 'fail').length;
  if (call.asJson) process.stdout.write(`${JSON.stringify({ operation, path, verdicts }, null, 2)}\n`);
  else process.stdout.write(failed === 0 ? 'nothing failed\n' : `${failed} of ${verdicts.length} failed\n`);
  return failed === 0 ? EXIT.done : EXIT.failed;
}

/** @throws UsageError with the nearest that there is. */
function checkNames(given: unknown): readonly string[] | undefined {
  if (typeof given !== 'string') return undefined;
  const names = given.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !CHECK_NAMES.includes(name));
  if (unknown === undefined) return names;
  const nearest = nearestName(unknown, CHECK_NAMES);
  const hint = nearest === undefined ? `; there are ${CHECK_NAMES.join(', ')}` : `; did you mean ${nearest}?`;
  throw new UsageError(`there is no check ${JSON.stringify(unknown)}${hint}`);
}

/** @throws UsageError where there is none, or one for something else. */
async function documentFor(name: string, path: string | null, given: unknown): Promise<JsonValue> {
  const beside = path === null ? undefined : join(dirname(path), `${name}${EXAMPLE_SUFFIX}`);
  const isBeside =
    beside !== undefined &&
    (await access(beside).then(
      () => true,
      () => false,
    ));
  const file = typeof given === 'string' ? given : isBeside ? beside : undefined;
  if (file === undefined) {
    if (path !== null) return { operation: name, parameters: {} };
    throw new UsageError(
      `${name} is done for real, again and again: give a job that does no harm here with --document FILE`,
    );
  }
  const { value } = await readDocument(file);
  if (operationOf(value) === name) return value;
  throw new UsageError(`${file}: expected a job of one step, of ${name}`);
}

const MARKS: Readonly<Record<Verdict['verdict'], string>> = { pass: 'pass', fail: 'FAIL', 'not applicable': 'n/a' };
const CHECK_WIDTH = 17;

function line({ check, verdict, what }: Verdict): string {
  return `${MARKS[verdict].padEnd(4)}  ${check.padEnd(CHECK_WIDTH)}  ${visible(what)}\n`;
}
