/** Holds what a journal says after a power cut against what it had acknowledged before. */
import type { RecoveredJournal } from '../../agent/ports/journal.ts';
import { type JournalModel, textOf } from './journal-workload.ts';
import { begunAgain } from './next-boot.ts';
import type { PowerCut } from './power-cut.ts';

export interface Tally {
  states: number;
  /** The journal could not be opened, or did not go on. */
  crashes: number;
  /** Something acknowledged is missing, and the device had not lied. */
  lost: number;
  /** Something is there that the journal never held: a mixture, an invention, or older than what the device lied about. */
  falselyAccepted: number;
  /** An execution whose run had begun would be begun again, though its handler's author did not allow that. */
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
    tally.example ??= `${what}: ${why} (${JSON.stringify(cut)}, ${acknowledged} records acknowledged)`;
  }
}

interface Verdict {
  readonly what: Exclude<keyof Tally, 'states' | 'example'>;
  readonly why: string;
}

function verdictsOn(judged: Judged): readonly Verdict[] {
  const { found, states, acknowledged, cut, isFirstBoot } = judged;
  if (found instanceof Error) return [{ what: 'crashes', why: found.message }];
  if (found.status === 'lost') {
    const said: Verdict = { what: 'saidLost', why: found.reason ?? '' };
    // While a journal is being made nothing is in it that could be lost.
    const isHarmless = cut.lies > 0 || (isFirstBoot && acknowledged === 0);
    return [...(isHarmless ? [said] : [said, { ...said, what: 'lost' } as const]), ...doubledBy(judged, found)];
  }
  const text = JSON.stringify(found.entries);
  const at = states.findLastIndex((model) => textOf(model) === text);
  if (at === -1 || at > acknowledged + 1) return [{ what: 'falselyAccepted', why: text.slice(0, 200) }];
  const verdicts: Verdict[] = [];
  // Each record is one flush at least, so a device cannot lie more records away than flushes.
  if (at < acknowledged - cut.lies) verdicts.push({ what: 'lost', why: `the state after record ${at}` });
  else if (at < acknowledged) verdicts.push({ what: 'rolledBack', why: '' });
  return [...verdicts, ...doubledBy(judged, found, at)];
}

/** @param at the record after which the journal was as it was found. */
function doubledBy({ states, acknowledged }: Judged, found: RecoveredJournal, at = 0): readonly Verdict[] {
  const before = states[Math.max(at, acknowledged)]?.entries ?? [];
  const again = begunAgain({ found: found.entries, before, isNew: found.status === 'lost' });
  return again.map((id) => ({ what: 'doubled', why: id }));
}
