/** Holds what a journal says after a power cut against what it had acknowledged before. */
import { decide } from '../../agent/core/decide.ts';
import { type ExecutionRecord, parseRecord } from '../../agent/core/execution-record.ts';
import { type CoreSettings, initialState } from '../../agent/core/state.ts';
import type { JournalEntry, RecoveredJournal } from '../../agent/ports/journal.ts';
import type { JournalModel } from './journal-workload.ts';
import type { PowerCut } from './power-cut.ts';

export interface Tally {
  states: number;
  /** The journal could not be opened, or did not go on. */
  crashes: number;
  /** Something acknowledged is missing, and the device had not lied. */
  lost: number;
  /** Something is there that the journal never held: a mixture, an invention, or older than what the device lied about. */
  falselyAccepted: number;
  /** An execution whose run had begun would be begun again. */
  doubled: number;
  /** The journal said that it was lost. */
  saidLost: number;
  /** Behind a device that lied: an older state, whole, that nobody can tell from the last one. */
  rolledBack: number;
  /** Of the first violation. */
  example: string | null;
}

export interface Judged {
  /** What was recovered; or why nothing could be. */
  readonly found: RecoveredJournal | Error;
  /** What was in the journal after each record. */
  readonly states: readonly JournalModel[];
  readonly acknowledged: number;
  readonly cut: PowerCut;
  /** Of this journal, which may not have been there before. */
  readonly isFirstBoot: boolean;
}

const SETTINGS: CoreSettings = {
  capacity: 1,
  unknownOperation: 'reject',
  progressIntervalMs: 10_000,
  pollIntervalMs: 900_000,
  maxRecoveries: 3,
};

export function emptyTally(): Tally {
  const none = { crashes: 0, lost: 0, falselyAccepted: 0, doubled: 0, saidLost: 0, rolledBack: 0 };
  return { states: 0, ...none, example: null };
}

/** Notes one state in the tally. */
export function judge(tally: Tally, judged: Judged): void {
  const { cut, acknowledged } = judged;
  tally.states += 1;
  for (const { what, why } of verdictsOn(judged)) {
    tally[what] += 1;
    if (what === 'saidLost' || what === 'rolledBack') continue;
    // Behind a device that lied the journal cannot know of the run; the figure is told, and is no fault of the journal's.
    if (what === 'doubled' && cut.lies > 0) continue;
    tally.example ??= `${what}: ${why} (${JSON.stringify(cut)}, ${acknowledged} records acknowledged)`;
  }
}

interface Verdict {
  readonly what: 'crashes' | 'lost' | 'falselyAccepted' | 'doubled' | 'saidLost' | 'rolledBack';
  readonly why: string;
}

function verdictsOn({ found, states, acknowledged, cut, isFirstBoot }: Judged): readonly Verdict[] {
  if (found instanceof Error) return [{ what: 'crashes', why: found.message }];
  if (found.status === 'lost') {
    const said: Verdict = { what: 'saidLost', why: found.reason ?? '' };
    // While a journal is being made nothing is in it that could be lost.
    const isHarmless = cut.lies > 0 || (isFirstBoot && acknowledged === 0);
    return isHarmless ? [said] : [said, { ...said, what: 'lost' }];
  }
  const text = JSON.stringify(found.entries);
  const at = states.findLastIndex(({ entries }) => JSON.stringify(entries) === text);
  if (at === -1 || at > acknowledged + 1) return [{ what: 'falselyAccepted', why: text.slice(0, 200) }];
  const verdicts: Verdict[] = [];
  // Each record is one flush at least, so a device cannot lie more records away than flushes.
  if (at < acknowledged - cut.lies) verdicts.push({ what: 'lost', why: `the state after record ${at}` });
  else if (at < acknowledged) verdicts.push({ what: 'rolledBack', why: '' });
  const again = runsAgain(found.entries, states[Math.max(at, acknowledged)]?.entries ?? []);
  return again.length === 0 ? verdicts : [...verdicts, { what: 'doubled', why: again.join(', ') }];
}

/** @returns executions that had begun by `before`, and that an agent which recovers `found` would begin once more. */
function runsAgain(found: readonly JournalEntry[], before: readonly JournalEntry[]): readonly string[] {
  const records = found.map(({ body }) => parseRecord(body)).filter((record) => record !== null);
  const { state } = decide(initialState('journal', SETTINGS), { type: 'journalRecovered', records });
  return before.flatMap(({ id, body }) => {
    const record = parseRecord(body);
    if (record === null || !hasBegun(record)) return [];
    if (state.finished.some((one) => one.id === id)) return [];
    const phase = state.executions[id]?.phase.name;
    return phase === undefined || phase === 'claiming' || (phase === 'waiting' && !mayRepeat(record)) ? [id] : [];
  });
}

function hasBegun({ phase }: ExecutionRecord): boolean {
  return phase !== 'claiming';
}

/** What its handler's author allowed; and a canceled run waits only to be described, and is over in the cloud. */
function mayRepeat(record: ExecutionRecord): boolean {
  if (record.phase === 'stopping') return true;
  return record.phase === 'running' || record.phase === 'waiting' ? record.onInterrupted !== 'fail' : false;
}
