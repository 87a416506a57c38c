/**
 * The boot after a power cut: the core with the records that were recovered, and the service's rules with every execution
 * that had been begun still in progress, under the mark of the boot before. What it begins, it may have begun before.
 */
import { CLAIM_DETAIL, claimMark } from '../../agent/core/claim-mark.ts';
import { decide } from '../../agent/core/decide.ts';
import type { Effect } from '../../agent/core/effect.ts';
import type { AgentEvent, PlanVerdict } from '../../agent/core/event.ts';
import type { ExecutionRecord, LiveRecord } from '../../agent/core/execution-record.ts';
import { parseRecord } from '../../agent/core/parse-record.ts';
import { type CoreSettings, initialState, type ReviewedStep } from '../../agent/core/state.ts';
import type { JournalEntry } from '../../agent/ports/journal.ts';
import { type Executions, serveRequest } from '../fixtures/service-rules.ts';
import { jobOf } from './journal-workload.ts';

export interface NextBoot {
  /** What the journal says after the cut; nothing where it said that it was lost. */
  readonly found: readonly JournalEntry[];
  /** What had been written down before it, whether it is still there or not. */
  readonly before: readonly JournalEntry[];
  /** Whether the journal is another one now. */
  readonly isNew: boolean;
  /** For a test of this test: as if the machine had not restarted, which the mark of a claim would show. */
  readonly sameBoot?: boolean;
}

const SETTINGS: CoreSettings = {
  capacity: 1,
  unknownOperation: 'reject',
  progressIntervalMs: 10_000,
  pollIntervalMs: 900_000,
  maxRecoveries: 3,
  maxPostponements: 10,
  maxReboots: 3,
  rebootLimitMs: 600_000,
  cleanUpLimitMs: 60_000,
  stepTimeoutMinutes: null,
};
/** Each claims in its own way: StartNext, or by key. */
const CAPACITIES = [1, 3];
const MOST_EVENTS = 500;

/** @returns executions of which a step is begun that had begun, though its handler's author did not allow that. */
export function begunAgain(boot: NextBoot): readonly string[] {
  const records = boot.found.flatMap((entry) => parsed(entry));
  const begun = CAPACITIES.flatMap((capacity) => runsOf(boot, records, capacity));
  return boot.before.flatMap((entry) => {
    const [record] = parsed(entry);
    if (record === undefined || jobOf(record.key.jobId).onInterrupted !== 'fail') return [];
    return begun.some((run) => run.id === entry.id && place(run) <= lastBegun(record)) ? [entry.id] : [];
  });
}

/** The runs for work that an agent begins until nothing is left to do, each ending well at once. */
function runsOf({ before, isNew, sameBoot }: NextBoot, records: readonly ExecutionRecord[], capacity: number) {
  const identity = { journalId: isNew ? 'new' : 'journal', bootId: sameBoot === true ? 'before' : 'next' };
  let state = initialState(identity, { ...SETTINGS, capacity });
  let cloud = heldByTheService(before);
  const runs: (Effect & { type: 'startRun' })[] = [];
  const queue: AgentEvent[] = [{ type: 'journalRecovered', records }, { type: 'connected' }];
  const follow = (effect: Effect): readonly AgentEvent[] => {
    switch (effect.type) {
      case 'startRun':
        if (effect.purpose === 'work') runs.push(effect);
        return [{ type: 'runEnded', id: effect.id, runId: effect.runId, result: WELL }];
      case 'request': {
        const { all, answer } = serveRequest(cloud, effect.request);
        cloud = all;
        const { requestId } = effect;
        return [
          answer.kind === 'accepted'
            ? { ...answer, type: 'requestAccepted', requestId }
            : { type: 'requestRejected', requestId, rejection: answer.rejection },
        ];
      }
      case 'setTimer':
        return effect.timer.name === 'due' ? [{ type: 'timerFired', timer: effect.timer }] : [];
      default:
        return [];
    }
  };
  for (let n = 0; n < MOST_EVENTS; n += 1) {
    const event = queue.shift();
    if (event === undefined) return runs;
    const decision = decide(state, event);
    state = decision.state;
    for (const effect of decision.effects) queue.push(...follow(effect));
  }
  throw new Error('the next boot comes to no end');
}

const WELL = { status: 'succeeded', details: {}, stdoutTail: '', stderrTail: '' } as const;

/** The worst that can be: everything is in progress that had not been written down as over. */
function heldByTheService(before: readonly JournalEntry[]): Executions {
  const statusDetails = { [CLAIM_DETAIL]: claimMark({ journalId: 'journal', bootId: 'before' }) };
  return before.flatMap(({ id, finished, body }) => {
    const [record] = parsed({ id, finished, body });
    if (record === undefined || finished) return [];
    const { jobId, queuedAt } = record.key;
    const verdict: PlanVerdict = { kind: 'run', plan: { includeStdOut: false, steps: stepsOf(jobId) } };
    const { versionNumber } = record as LiveRecord;
    const fresh = { gone: false, secondsLeft: null, told: [] } as const;
    return [{ id, jobId, queuedAt, verdict, status: 'IN_PROGRESS', versionNumber, statusDetails, ...fresh }];
  });
}

function stepsOf(jobId: string): readonly ReviewedStep[] {
  const { onInterrupted, steps } = jobOf(jobId);
  const plain = {
    timeoutMs: null,
    ignoreFailure: false,
    retries: null,
    conditional: false,
    role: 'work' as const,
    undoes: null,
    exclusive: false,
    verifies: false,
    cleansUp: false,
  };
  return Array.from({ length: steps }, (_, n) => ({ name: `step-${n}`, onInterrupted, ...plain }));
}

/** One number for step and attempt, in the order in which they are begun. */
function place({ stepIndex, attempt }: { readonly stepIndex: number; readonly attempt: number }): number {
  return stepIndex * 1_000 + attempt;
}

function lastBegun(record: ExecutionRecord): number {
  if (record.phase === 'claiming') return -1;
  return 'stepIndex' in record ? place(record satisfies LiveRecord) : Number.MAX_SAFE_INTEGER;
}

function parsed({ body }: JournalEntry): readonly ExecutionRecord[] {
  const record = parseRecord(body);
  return record === null ? [] : [record];
}
