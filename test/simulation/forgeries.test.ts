import { beforeAll, describe, expect, test } from 'vitest';
import type { CheckName } from './check.ts';
import type { Fact, HistoryEntry } from './history.ts';
import { CANARY, type JobScript } from './job-script.ts';
import { judge } from './judge.ts';
import { runWorld } from './world.ts';

/** A world in which much happened and nothing was wrong; the first so many that are so. */
const SEED = 11;
const COUNT = 6;
const histories: (readonly HistoryEntry[])[] = [];

beforeAll(async () => {
  for (let world = 0; histories.length < COUNT; world += 1) {
    const history = await runWorld({ seed: SEED, world });
    const isFull = (['ended', 'record', 'opened', 'settled'] as const).every((what) => of(history, what).length > 0);
    if (isFull && of(history, 'opened').some(({ status }) => status === 'read')) histories.push(history);
  }
});

test('histories that nobody forged are in order', () => {
  expect(histories.map(judge)).toEqual(histories.map(() => []));
});

type Entry<What extends Fact['what']> = Extract<HistoryEntry, { what: What }>;
type Forge = (history: readonly HistoryEntry[]) => readonly HistoryEntry[] | null;

function of<What extends Fact['what']>(history: readonly HistoryEntry[], what: What): Entry<What>[] {
  return history.filter((entry): entry is Entry<What> => entry.what === what);
}

/** Puts other entries in the place of the first that fits; `null` where none does. */
function instead<What extends Fact['what']>(
  what: What,
  fits: (entry: Entry<What>) => boolean,
  others: (entry: Entry<What>) => readonly HistoryEntry[],
): Forge {
  return (history) => {
    const found = of(history, what).find(fits);
    return found === undefined ? null : history.flatMap((entry) => (entry === found ? others(found) : [entry]));
  };
}

const isAny = () => true;
const isEnd = ({ to, by }: Entry<'changed'>) => to !== 'IN_PROGRESS' && by === 'agent';

/** Jobs that were otherwise than what was done. */
function ofScripts(change: (script: JobScript) => JobScript): Forge {
  return (history) =>
    history.map((entry) => (entry.what === 'offered' ? { ...entry, script: change(entry.script) } : entry));
}

function isOfWork(entry: HistoryEntry): entry is Entry<'ended'> {
  return entry.what === 'ended' && entry.stepIndex === 0;
}

const FORGERIES: readonly (readonly [CheckName, string, Forge])[] = [
  ['C1', 'a run id twice', instead('started', isAny, (entry) => [entry, { ...entry, stepIndex: 7 }])],
  [
    'C1',
    'a step again, after it had ended',
    instead(
      'ended',
      ({ status }) => status === 'succeeded',
      (entry) => [
        entry,
        {
          what: 'started',
          atMs: entry.atMs,
          life: 1,
          id: entry.id,
          runId: 'again',
          stepIndex: entry.stepIndex,
          attempt: 2,
          purpose: 'work',
        },
      ],
    ),
  ],
  ['C2', 'no end', (history) => history.filter((entry) => entry.what !== 'changed' || !isEnd(entry))],
  ['C2', 'no healing', (history) => history.filter(({ what }) => what !== 'healed')],
  ['C3', 'two ends', instead('changed', isEnd, (entry) => [entry, { ...entry, from: 'SUCCEEDED', versionNumber: 99 }])],
  [
    'C3',
    'another end',
    instead('changed', isEnd, (entry) => [{ ...entry, to: entry.to === 'FAILED' ? 'REJECTED' : 'FAILED' }]),
  ],
  [
    'C3',
    'a journal that was left open',
    (history) => history.filter((entry) => entry.what !== 'record' || entry.entry.body.phase !== 'closed'),
  ],
  ['C3', 'an update from nowhere', instead('asked', isUpdate, (entry) => [{ ...entry, body: { status: 'FAILED' } }])],
  [
    'C4',
    'a run that nobody confirmed',
    (history) => history.filter((entry) => entry.what !== 'changed' || entry.to !== 'IN_PROGRESS'),
  ],
  [
    'C4',
    'a run before its record',
    (history) => history.filter((entry) => entry.what !== 'record' || entry.entry.body.phase !== 'running'),
  ],
  [
    'C4',
    'a restart out of nowhere',
    instead('process started', isAny, (entry) => [
      entry,
      { what: 'restart asked', atMs: entry.atMs, how: 'restart', life: 1, runsAlive: 0 },
    ]),
  ],
  [
    'C4',
    'a power-off in the place of a restart',
    instead('restart asked', isAny, (entry) => [{ ...entry, how: entry.how === 'restart' ? 'power-off' : 'restart' }]),
  ],
  [
    'C5',
    'a run that is never gone',
    instead(
      'ended',
      ({ how }) => how !== 'itself',
      () => [],
    ),
  ],
  [
    'C6',
    'a record that is gone',
    instead('opened', hasEntries, (entry) => [{ ...entry, entries: entry.entries.slice(1) }]),
  ],
  [
    'C6',
    'a record that nobody wrote',
    instead('opened', hasEntries, (entry) => [
      { ...entry, entries: entry.entries.map((one) => ({ ...one, body: { v: 2 } })) },
    ]),
  ],
  [
    'C6',
    'a journal that was lost',
    instead('opened', hasEntries, (entry) => [{ ...entry, status: 'lost', entries: [], journalId: 'other' }]),
  ],
  [
    'C7',
    'a success of nothing',
    instead(
      'ended',
      ({ status }) => status === 'succeeded',
      (entry) => [{ ...entry, status: 'failed' }],
    ),
  ],
  [
    'C7',
    'a success that nobody heard of',
    instead(
      'ended',
      ({ status }) => status === 'succeeded',
      (entry) => [{ ...entry, isHeard: false }],
    ),
  ],
  [
    'C8',
    'a timer that is left',
    instead(
      'process ended',
      ({ how }) => how === 'stopped',
      (entry) => [{ ...entry, timersLeft: 1 }],
    ),
  ],
  ['C8', 'a run that is left', instead('settled', isAny, (entry) => [{ ...entry, runsAlive: ['one'] }])],
  ['C8', 'a folder that is left', instead('settled', isAny, (entry) => [{ ...entry, folders: ['one'] }])],
  [
    'C8',
    'a clean-up under a run',
    instead('started', isAny, (entry) => [entry, { what: 'cleaned', atMs: entry.atMs, id: entry.id, isDone: true }]),
  ],
  [
    'C9',
    'a run of what is refused',
    instead(
      'offered',
      ({ script }) => script.verdict === 'run',
      (entry) => [{ ...entry, script: { ...entry.script, verdict: 'refused' } }],
    ),
  ],
  [
    'C10',
    'a secret in a record',
    instead('record', isAny, (entry) => [{ ...entry, entry: { ...entry.entry, body: { url: CANARY } } }]),
  ],
  ['C10', 'a secret in status details', instead('changed', isAny, (entry) => [{ ...entry, details: { url: CANARY } }])],
  ['C10', 'a secret in the log', instead('log', isAny, (entry) => [{ ...entry, line: CANARY }])],
  ['C11', 'a hundred requests', instead('asked', isAny, (entry) => Array.from({ length: 100 }, () => entry))],
  ['C12', 'an agent that is not connected', instead('settled', isAny, (entry) => [{ ...entry, isConnected: false }])],
  ['C12', 'an agent that keeps a job', instead('settled', isAny, (entry) => [{ ...entry, open: ['job-1.1'] }])],
  ['C12', 'an agent that does not start', instead('process ended', isAny, (entry) => [{ ...entry, how: 'refused' }])],
  [
    'C12',
    'an agent with a fault',
    instead('settled', isAny, (entry) => [{ what: 'ill', atMs: 1, life: 1, illness: 'a fault' }, entry]),
  ],
  [
    'C13',
    'two connections in one breath',
    instead('connecting', isAny, (entry) => [entry, { ...entry, atMs: entry.atMs + 999 }]),
  ],
  [
    'C14',
    'a request for another thing',
    instead('asked', isAny, (entry) => [{ ...entry, topic: '$aws/things/gateway-2/jobs/get' }]),
  ],
  [
    'C15',
    'a rollback that was not done',
    ofScripts(({ steps, ...script }) => ({
      ...script,
      steps: steps.map((step) => ({ ...step, rollback: step.rollback ?? step })),
    })),
  ],
  [
    'C15',
    'a rollback of what has not succeeded',
    (history) =>
      history.map((entry) =>
        isOfWork(entry) && entry.status === 'succeeded' ? { ...entry, status: 'failed' } : entry,
      ),
  ],
  [
    'C15',
    'a step after what comes after it',
    instead(
      'started',
      ({ stepIndex }) => stepIndex > 0,
      (entry) => [entry, { ...entry, stepIndex: 0, runId: 'again' }],
    ),
  ],
  [
    'C16',
    'an end without what always runs',
    ofScripts((script) => ({ ...script, always: [...script.always, ...script.steps.slice(0, 1)] })),
  ],
  [
    'C17',
    'the failure of another step',
    (history) =>
      history.map((entry) =>
        entry.what === 'changed' && isEnd(entry) && entry.details.step !== undefined
          ? { ...entry, details: { ...entry.details, step: '9/9 another' } }
          : entry,
      ),
  ],
  [
    'C17',
    'a rollback that is not told',
    (history) =>
      history.map((entry) =>
        entry.what === 'changed' && isEnd(entry) && entry.details.rolledBack !== undefined
          ? { ...entry, details: { ...entry.details, rolledBack: 'nothing' } }
          : entry,
      ),
  ],
  [
    'C17',
    'a failure in the place of a refusal',
    (history) =>
      history.map((entry) =>
        entry.what === 'changed' && isEnd(entry) && entry.to === 'REJECTED' ? { ...entry, to: 'FAILED' } : entry,
      ),
  ],
  ['C14', 'a run of another’s job', instead('started', isAny, (entry) => [{ ...entry, id: 'foreign-job.1.1' }])],
];

function hasEntries({ entries }: Entry<'opened'>): boolean {
  return entries.length > 0;
}

function isUpdate({ topic }: Entry<'asked'>): boolean {
  return topic.endsWith('/update');
}

describe('a forged history shows', () => {
  test.each(FORGERIES)('%s: %s', (check, _, forge) => {
    const forged = histories.map(forge).filter((history) => history !== null);
    expect(forged).not.toEqual([]);
    expect(forged.flatMap(judge).map((violation) => violation.check)).toContain(check);
  });
});
