/** Runs cases one after the other, and tells what came of each. */

import { type Cell, formatTable } from '../power/table.ts';
import type { CaseGroup } from './case.ts';
import { Difference } from './expectation.ts';
import type { ConformanceTarget } from './target.ts';

export interface CaseResult {
  readonly file: string;
  readonly title: string;
  readonly outcome: 'same' | 'differs' | 'failed' | 'not run';
  /** Why it was not run, or what differs. */
  readonly what: string;
  readonly expected: string;
  readonly came: string;
}

export interface RunOptions {
  readonly target: ConformanceTarget;
  readonly groups: readonly CaseGroup[];
  /** Once it is aborted, the cases that are left are not run. */
  readonly stop?: AbortSignal;
  /** Called after each. */
  readonly onResult?: (result: CaseResult) => void;
}

export async function runCases({ target, groups, stop, onResult }: RunOptions): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { file, cases } of groups) {
    for (const { title, onAws, run } of cases) {
      const blank = { file, title, what: '', expected: '', came: '' };
      const why = whyNotRun(onAws || target.pass !== null, stop);
      const result =
        why === undefined
          ? { ...blank, ...(await outcomeOf(run(target))) }
          : { ...blank, outcome: 'not run' as const, what: why };
      results.push(result);
      onResult?.(result);
    }
  }
  return results;
}

function whyNotRun(canRun: boolean, stop: AbortSignal | undefined): string | undefined {
  if (stop?.aborted === true) return 'stopped';
  return canRun ? undefined : 'for the local cloud only';
}

/** Empty when all is the same. */
export function differenceTable(results: readonly CaseResult[]): string {
  const rows = results
    .filter(({ outcome }) => outcome === 'differs' || outcome === 'failed')
    .map(({ file, title, what, expected, came }): readonly Cell[] => [file, title, what, expected, came]);
  return rows.length === 0 ? '' : formatTable(['file', 'case', 'what', 'expected', 'came'], rows);
}

async function outcomeOf(run: Promise<void>): Promise<Pick<CaseResult, 'outcome' | 'what' | 'expected' | 'came'>> {
  try {
    await run;
    return { outcome: 'same', what: '', expected: '', came: '' };
  } catch (error) {
    if (error instanceof Difference) {
      return { outcome: 'differs', what: error.what, expected: error.expected, came: error.came };
    }
    const came = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { outcome: 'failed', what: 'the case itself', expected: 'no error', came };
  }
}
