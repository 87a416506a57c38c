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
  /** Called after each. */
  readonly onResult?: (result: CaseResult) => void;
}

export async function runCases({ target, groups, onResult }: RunOptions): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { file, cases } of groups) {
    for (const { title, onAws, run } of cases) {
      const blank = { file, title, what: '', expected: '', came: '' };
      const result =
        onAws || target.pass !== null
          ? { ...blank, ...(await outcomeOf(run(target))) }
          : { ...blank, outcome: 'not run' as const, what: 'needs a clock that can be turned' };
      results.push(result);
      onResult?.(result);
    }
  }
  return results;
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
