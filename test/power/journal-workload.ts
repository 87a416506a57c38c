/**
 * What an agent writes into its journal: executions taken up, run step by step, reported and closed, three at a time. And
 * what must be in the journal after each record, by a model that knows nothing of segments.
 */
import { closedRecordOf, type ExecutionRecord, type LiveRecord } from '../../agent/core/execution-record.ts';
import { executionId } from '../../agent/core/job-execution.ts';
import type { JournalEntry } from '../../agent/ports/journal.ts';
import { NO_PROGRESS } from '../fixtures/core-states.ts';
import type { Random } from './random.ts';

export interface JournalWorkload {
  /** The next record, made up as a new one each time. */
  next(): JournalEntry;
}

/** What must be in the journal. A value: each record makes a new one. */
export interface JournalModel {
  /** In the order the ids were first seen, as the journal gives them. */
  readonly entries: readonly JournalEntry[];
  /** When each id was last written. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly appended: number;
}

export const EMPTY_MODEL: JournalModel = { entries: [], numbers: new Map(), appended: 0 };

export interface Job {
  /** What its author allows, for each of its steps. */
  readonly onInterrupted: (typeof INTERRUPTIONS)[number];
  readonly steps: number;
}

const AT_ONCE = 3;
const INTERRUPTIONS = ['fail', 'fail', 'rerun', 'resume'] as const;
const MOST_STEPS = 3;

export function createJournalWorkload(random: Random): JournalWorkload {
  const lives: Generator<ExecutionRecord, undefined>[] = [];
  let made = 0;
  return {
    next() {
      for (;;) {
        if (lives.length < AT_ONCE) {
          made += 1;
          const onInterrupted = random.pick(INTERRUPTIONS);
          const steps = 1 + random.below(MOST_STEPS);
          const jobId = `job-${made}-${random.below(2 ** 31)}-${onInterrupted}-${steps}`;
          lives.push(lifeOf(jobId, { onInterrupted, steps }, random));
        }
        const life = lives[random.below(lives.length)];
        const { value: record } = life?.next() ?? {};
        if (record !== undefined) return entryOf(record);
        lives.splice(lives.indexOf(life ?? never()), 1);
      }
    },
  };
}

/** Keeps the last entry of each id, and of the finished ones those that were written last. */
export function modelWith(model: JournalModel, entry: JournalEntry, keepFinished: number): JournalModel {
  const appended = model.appended + 1;
  const numbers = new Map(model.numbers).set(entry.id, appended);
  const isNew = !model.numbers.has(entry.id);
  const all = isNew ? [...model.entries, entry] : model.entries.map((one) => (one.id === entry.id ? entry : one));
  const age = ({ id }: JournalEntry) => numbers.get(id) ?? 0;
  const dropped = all
    .filter((one) => one.finished)
    .sort((a, b) => age(b) - age(a))
    .slice(keepFinished);
  for (const { id } of dropped) numbers.delete(id);
  return { entries: all.filter((one) => !dropped.includes(one)), numbers, appended };
}

/** The entries as text, to compare them; made once, as a state is compared with many. */
export function textOf(model: JournalModel): string {
  const text = texts.get(model) ?? JSON.stringify(model.entries);
  texts.set(model, text);
  return text;
}

const texts = new WeakMap<JournalModel, string>();

export function entryOf(record: ExecutionRecord): JournalEntry {
  return { id: record.id, finished: record.phase === 'closed', body: record };
}

/** What the job of that name is made of: its document, so to speak. */
export function jobOf(jobId: string): Job {
  const [onInterrupted = '', steps = ''] = jobId.split('-').slice(-2);
  return { onInterrupted: INTERRUPTIONS.find((one) => one === onInterrupted) ?? 'fail', steps: Number(steps) };
}

function* lifeOf(jobId: string, { onInterrupted, steps }: Job, random: Random): Generator<ExecutionRecord, undefined> {
  const key = { jobId, executionNumber: 1, queuedAt: 1_700_000_000 + random.below(1_000_000) };
  const id = executionId(key);
  let versionNumber = 2;
  const base = () => ({ v: 1, id, key, versionNumber, ...NO_PROGRESS }) as const;
  const run = { onInterrupted, cleansUp: random.below(4) === 0, purpose: { kind: 'work' } } as const;
  const wait = { phase: 'waiting', reason: '', waitMs: 0, next: { kind: 'work' } } as const;
  if (random.below(3) === 0) yield { ...base(), phase: 'claiming' };
  for (let stepIndex = 0; stepIndex < steps; stepIndex += 1) {
    if (random.below(8) === 0) {
      yield { ...base(), ...wait, why: 'put-off', stepIndex, attempt: 0 };
      versionNumber += 1; // the service was told that it goes on
    }
    yield { ...base(), ...run, phase: 'running', stepIndex, attempt: 1 };
    if (random.below(8) > 0) continue;
    yield { ...base(), ...wait, why: 'postponed', stepIndex, attempt: 1 };
    versionNumber += 1;
    yield { ...base(), ...run, phase: 'running', stepIndex, attempt: 2 };
  }
  const last = { stepIndex: steps - 1, attempt: 2 };
  const ending = random.pick(['plain', 'plain', 'plain', 'plain', 'canceled', 'reboot']);
  if (ending === 'canceled') yield { ...base(), ...run, ...last, phase: 'stopping', reason: 'canceled' };
  if (ending === 'reboot') {
    const how = random.pick(['restart', 'power-off'] as const);
    yield { ...base(), ...last, phase: 'awaiting-reboot', how, bootId: 'before', verifies: random.below(2) === 0 };
  }
  const outcome = {
    status: random.pick(['SUCCEEDED', 'FAILED']),
    // Of one block mostly, of several now and then.
    statusDetails: { stdout: 'x'.repeat(random.below(6) === 0 ? 4_000 + random.below(9_000) : random.below(1_024)) },
  } as const;
  yield { ...base(), phase: 'reporting', outcome } satisfies LiveRecord;
  yield closedRecordOf({ id, key, outcome, how: 'accepted' });
  return undefined;
}

function never(): never {
  throw new Error('a life that is not there');
}
