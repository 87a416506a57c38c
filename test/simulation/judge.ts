/** Every check on one history. */
import { CHECKS, type Check, type CheckName, type Violation } from './check.ts';
import { connectsSlowly, getsWell, isBounded, keepsSecrets, mindsItsOwn } from './check-conduct.ts';
import { rollsBack, runsAlways, tellsFirstFailure } from './check-ending.ts';
import {
  leavesNothing,
  restartsConfirmed,
  runsAsDeclared,
  runsOnce,
  startsConfirmed,
  stopsWhatIsOver,
  tellsSuccess,
} from './check-runs.ts';
import { endsAll, remembers, tellsOneEnd } from './check-telling.ts';
import { chronicleOf } from './chronicle.ts';
import type { HistoryEntry } from './history.ts';

const JUDGES: Readonly<Record<CheckName, Check>> = {
  C1: runsOnce,
  C2: endsAll,
  C3: tellsOneEnd,
  C4(chronicle, complain) {
    startsConfirmed(chronicle, complain);
    restartsConfirmed(chronicle, complain);
  },
  C5: stopsWhatIsOver,
  C6: remembers,
  C7: tellsSuccess,
  C8: leavesNothing,
  C9: runsAsDeclared,
  C10: keepsSecrets,
  C11: isBounded,
  C12: getsWell,
  C13: connectsSlowly,
  C14: mindsItsOwn,
  C15: rollsBack,
  C16: runsAlways,
  C17: tellsFirstFailure,
};

/** Pure. In the order of the checks, and within one in that of the history. */
export function judge(history: readonly HistoryEntry[]): readonly Violation[] {
  const chronicle = chronicleOf(history);
  const violations: Violation[] = [];
  for (const check of Object.keys(CHECKS) as CheckName[]) {
    JUDGES[check](chronicle, (what, place, id) => violations.push({ check, what, place, ...(id && { id }) }));
  }
  return violations;
}
