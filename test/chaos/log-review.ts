/** What the log of one start says that must not be, and which outcomes its journal took. */
import type { AgentEnd, LogLine } from './agent-start.ts';
import type { Violation } from './violation.ts';

export interface LogReview {
  readonly violations: readonly Violation[];
  /** The status that was on disk when the line was written: nothing else may ever be told. */
  readonly outcomes: ReadonlyMap<string, string>;
  readonly hasStarted: boolean;
}

export interface ReviewedStart {
  readonly log: readonly LogLine[];
  readonly end: AgentEnd;
  /** A start before this one came so far as to say so. */
  readonly hadStarted: boolean;
}

export function reviewStart({ log, end, hadStarted }: ReviewedStart): LogReview {
  const started = log.find(({ msg }) => msg === 'agent started');
  const outcomes = new Map<string, string>();
  for (const { msg, jobId, status } of log) {
    const tellsOutcome = msg === 'job execution ended, reporting' && typeof jobId === 'string';
    if (tellsOutcome && typeof status === 'string') outcomes.set(jobId, status);
  }
  return {
    violations: [...journalErrors(log, started, hadStarted), ...crashes(log, end)],
    outcomes,
    hasStarted: started !== undefined,
  };
}

/** Whether the agent knows of everything it held that it is over: it says so of whatever it took up. */
export function hasClosedAll(log: readonly LogLine[]): boolean {
  const taken = new Set<unknown>();
  const closed = new Set<unknown>();
  for (const { msg, jobId } of log) {
    if (jobId === undefined) continue;
    taken.add(jobId);
    if (msg.startsWith('job execution closed')) closed.add(jobId);
  }
  return closed.size === taken.size;
}

function journalErrors(
  log: readonly LogLine[],
  started: LogLine | undefined,
  hadStarted: boolean,
): readonly Violation[] {
  const violations: Violation[] = [];
  if (started?.journal === 'lost') violations.push({ kind: 'journal errors', what: 'journal lost', facts: {} });
  if (started?.journal === 'created' && hadStarted) {
    violations.push({ kind: 'journal errors', what: 'journal made anew, though there was one', facts: {} });
  }
  const refused = log.filter(({ code }) => typeof code === 'string' && code.startsWith('JOURNAL_'));
  for (const line of refused) violations.push({ kind: 'journal errors', what: 'journal refused', facts: { line } });
  return violations;
}

function crashes(log: readonly LogLine[], { exitCode, signal, stderr }: AgentEnd): readonly Violation[] {
  const violations: Violation[] = [];
  const endedItself = signal === null ? exitCode !== 0 : signal !== 'SIGKILL';
  if (endedItself || stderr !== '') {
    violations.push({ kind: 'crashes', what: 'agent ended by itself', facts: { exitCode, signal, stderr } });
  }
  const errors = log.filter(({ level }) => level === 'error' || level === 'fatal');
  for (const line of errors) violations.push({ kind: 'crashes', what: 'agent logged an error', facts: { line } });
  return violations;
}
