/** Outcomes, built from what the handlers told and fitted to what the service accepts. */
import type { PlanVerdict } from './event.ts';
import type { StatusDetails } from './job-execution.ts';
import type { DocumentRejection } from './job-plan.ts';
import type { FailedRun, Outcome, RebootHow, SucceededRun } from './outcome.ts';
import { redactSecrets } from './redact.ts';
import type { ExecutionState, Phase, ReviewedPlan, Run } from './state.ts';
import { fitStatusDetails, fitValueEnd, fitValueStart, MAX_VALUE_LENGTH } from './status-details.ts';

export type Pair = readonly [key: string, value: string];

export function failure(reasonCode: string, reason: string, more: readonly Pair[] = []): Outcome {
  return outcome('FAILED', [['reasonCode', reasonCode], ['reason', reason], ...more]);
}

export const INTERRUPTED = 'power or the agent was lost while the handler ran';

export const INTERRUPTED_OUTCOME: Outcome = failure('INTERRUPTED', INTERRUPTED);

/** The loop breaker's word. */
export function interruptedTooOften(recoveries: number, interruption = INTERRUPTED): Outcome {
  return failure('INTERRUPTED', `${interruption}, once more after ${recoveries} times; it is not run again`);
}

export function rejection(reasonCode: string, { pointer, reason }: DocumentRejection): Outcome {
  const where = pointer === '' ? 'the job document' : pointer;
  return outcome('REJECTED', [
    ['reasonCode', reasonCode],
    ['reason', `${where}: ${reason}`],
    ['path', pointer],
  ]);
}

/** For a document that does not run here. */
export function refusal(verdict: Exclude<PlanVerdict, { kind: 'run' }>): Outcome {
  if (verdict.kind === 'not-now') return failure(verdict.reasonCode, verdict.reason);
  return verdict.kind === 'reject'
    ? rejection(verdict.reasonCode, verdict.rejection)
    : rejection('UNKNOWN_OPERATION', verdict.rejection);
}

/** The last step has ended well, or was to be ignored. */
export function outcomeOfPlan(execution: ExecutionState, plan: ReviewedPlan, result: SucceededRun): Outcome {
  const told = newestFirst(execution.details, result.details);
  return outcome('SUCCEEDED', [...passedPairs(execution), ...outputPairs(result, plan.includeStdOut), ...told]);
}

/** A step that may not fail did. */
export function outcomeOfRun(execution: ExecutionState, run: Run, result: FailedRun): Outcome {
  return outcome(result.status === 'rejected' ? 'REJECTED' : 'FAILED', [
    ['reasonCode', result.reasonCode],
    ['reason', result.message],
    ...stepPair(run),
    ...passedPairs(execution),
    ...outputPairs(result, run.plan.includeStdOut),
    ...newestFirst(execution.details, result.details),
  ]);
}

/** The first failure is what is told, with what was done about it. @param outcome for where there was none. */
export function outcomeAtEnd(execution: ExecutionState, outcome: Outcome): Outcome {
  const { failure, rolledBack, rollbackFailed } = execution.ending;
  const { status, statusDetails } = failure ?? outcome;
  if (execution.ending.state === 'none') return { status, statusDetails };
  const pairs = Object.entries(statusDetails);
  const own: readonly Pair[] = [
    ...pairs.filter(([key]) => FIRST_TOLD.includes(key)),
    ['rolledBack', rolledBack.join(', ')],
    ['rollbackFailed', rollbackFailed.join(', ')],
    ...passedPairs(execution),
  ];
  const others = pairs.filter(([key]) => !own.some(([name]) => name === key));
  return { status, statusDetails: fitDetails([...own, ...others]) };
}

const FIRST_TOLD: readonly string[] = ['reasonCode', 'reason', 'path', 'step'];

/** What the service is told while it is ours and not over. */
export function progressDetails({ phase, details }: ExecutionState): StatusDetails {
  return ownFirst(phasePairs(phase), details);
}

function purposePair({ purpose }: Run): Pair[] {
  return [['runs', PURPOSES[purpose.kind]]];
}

/** Of work nothing is said: an empty one is left out when it is fitted. */
const PURPOSES: Readonly<Record<Run['purpose']['kind'], string>> = {
  work: '',
  condition: 'a check whether the step is to run here',
  verify: 'a check after the restart',
  'clean-up': 'a clean-up after an interruption',
};

/** The ends of a boot in words. `awaited`: what the service is told while it waits for that. */
export const REBOOTS: Readonly<Record<RebootHow, Readonly<RebootWords>>> = {
  restart: {
    verb: 'restart',
    done: 'restarted',
    awaited: 'for the restart of the gateway',
    reasonCode: 'REBOOT_FAILED',
    setting: 'rebootCommand',
  },
  'power-off': {
    verb: 'power off',
    done: 'powered off',
    awaited: 'for the gateway to power off, and to be switched on again',
    reasonCode: 'POWER_OFF_FAILED',
    setting: 'shutdownCommand',
  },
};

type RebootWords = Record<'verb' | 'done' | 'awaited' | 'reasonCode' | 'setting', string>;

function phasePairs(phase: Phase): Pair[] {
  if (phase.name === 'running') return [...stepPair(phase), ...purposePair(phase)];
  if (phase.name === 'awaiting-reboot') return [['waiting', REBOOTS[phase.how].awaited]];
  return phase.name === 'waiting' ? [['waiting', phase.reason]] : []; // an empty one is left out when it is fitted
}

/** A handler's detail never stands for one of ours: what the service keeps of them decides whether a step begins (I2). */
export function ownFirst(own: readonly Pair[], details: StatusDetails): StatusDetails {
  const isOwn = (key: string) => own.some(([name]) => name === key);
  return fitDetails([...own, ...Object.entries(details).filter(([key]) => !isOwn(key))]);
}

/** What was told last, then what was told before and still holds. */
export function newestFirst(before: StatusDetails, after: StatusDetails): readonly Pair[] {
  const pairs = [...Object.entries(after), ...Object.entries(before).filter(([key]) => !Object.hasOwn(after, key))];
  return [...pairs.filter(isBootId), ...pairs.filter((pair) => !isBootId(pair))];
}

/** Proof of a restart: a talkative handler must not push it out. */
function isBootId([key]: Pair): boolean {
  return key === 'bootIdBefore' || key === 'bootIdAfter';
}

/** The newest comes first: of more than ten pairs the service keeps none, and the oldest matter least (I8). */
export function merge(before: StatusDetails, after: StatusDetails): StatusDetails {
  return fitDetails(newestFirst(before, after));
}

/** For a service that calls our details malformed: what is left cannot be. */
export function plainDetails({ status }: Outcome): StatusDetails {
  return { reason: `${status}. The service refused the details of this result; they are in the log of the gateway.` };
}

/** I9: whatever a handler tells, its secrets stop here; then as much as the service takes (I8). */
export function fitDetails(pairs: readonly Pair[]): StatusDetails {
  return fitStatusDetails(pairs.map(([key, value]) => [key, redactSecrets(value)]));
}

function outcome(status: Outcome['status'], pairs: readonly Pair[]): Outcome {
  return { status, statusDetails: fitDetails(pairs) };
}

/** What went otherwise than the document has it, and yet no failure of the job; an empty one is left out when it is fitted. */
function passedPairs({ ignoredFailures, skippedSteps }: ExecutionState): Pair[] {
  return [
    ['ignoredFailures', ignoredFailures.join(', ')],
    ['skippedSteps', skippedSteps.join(', ')],
  ];
}

/** I8: no more names are kept than can be told. A document can make them so long that no journal record would hold them. */
export function withName(names: readonly string[], name: string): readonly string[] {
  const isFull = names.join(', ').length >= MAX_VALUE_LENGTH;
  return isFull ? names : [...names, fitValueStart(redactSecrets(name))];
}

function outputPairs(result: SucceededRun | FailedRun, includeStdOut: boolean): Pair[] {
  const pairs: Pair[] = [];
  // Redacted before it is cut: a cut could take away what tells a URL.
  if (result.status !== 'succeeded') pairs.push(['stderr', fitValueEnd(redactSecrets(result.stderrTail))]);
  if (includeStdOut) pairs.push(['stdout', fitValueEnd(redactSecrets(result.stdoutTail))]);
  return pairs;
}

/** Only a document of several steps has something to say here. */
function stepPair(run: Run): Pair[] {
  return run.plan.steps.length === 1 ? [] : [['step', stepLabel(run)]];
}

/** Such as `2/3 verify`; `rollback of fetch`, `finally tidy up` for what is not the work. */
export function stepLabel({ plan: { steps }, stepIndex, step: { name, role, undoes } }: Run): string {
  if (undoes !== null) return `rollback of ${undoes.name}`;
  if (role === 'finally') return `finally ${name}`;
  return `${stepIndex + 1}/${steps.filter((one) => one.role === 'work').length} ${name}`;
}
