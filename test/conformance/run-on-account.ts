/** `npm run test:aws` without its process: the cases on an account, what differs, and everything removed. */
import { type AccountSettings, type Environment, MissingAccount, readAccountSettings } from './account-settings.ts';
import { openAccountTarget } from './account-target.ts';
import type { CaseGroup } from './case.ts';
import type { OpenTarget } from './open-target.ts';
import { differenceTable, runCases } from './run-cases.ts';

export const EXIT_SAME = 0;
export const EXIT_DIFFERS = 1;
export const EXIT_USAGE = 2;

export interface AccountRun {
  readonly env: Environment;
  readonly groups: readonly CaseGroup[];
  /** One line, or several. */
  readonly print: (text: string) => void;
  /** Aborted when the user wants no more: what was made is removed all the same. */
  readonly stop?: AbortSignal;
  readonly open?: (settings: AccountSettings) => Promise<OpenTarget>;
}

/** @returns the exit code: 0 when nothing differs and nothing is left behind. */
export async function runOnAccount({
  env,
  groups,
  print,
  stop,
  open = openAccountTarget,
}: AccountRun): Promise<number> {
  let target: OpenTarget;
  try {
    target = await open(readAccountSettings(env));
  } catch (error) {
    if (!(error instanceof MissingAccount)) throw error;
    print(error.message);
    return EXIT_USAGE;
  }
  let left: readonly string[] = [];
  try {
    const onResult = ({ outcome, file, title, what }: { outcome: string; file: string; title: string; what: string }) =>
      print(`${outcome.padEnd(7)}  ${file}: ${title}${what === '' ? '' : ` (${what})`}`);
    const results = await runCases({ target, groups, onResult, ...(stop && { stop }) });
    const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
    const table = differenceTable(results);
    if (table !== '') print(`\n${table}\n`);
    print(
      `${count('same')} the same, ${count('differs')} differ, ${count('failed')} failed, ${count('not run')} not run`,
    );
    left = await closeAndTell(target, print);
    return table === '' && left.length === 0 && stop?.aborted !== true ? EXIT_SAME : EXIT_DIFFERS;
  } catch (error) {
    await closeAndTell(target, print);
    throw error;
  }
}

async function closeAndTell(target: OpenTarget, print: (text: string) => void): Promise<readonly string[]> {
  const left = await target.close();
  for (const what of left) print(`LEFT BEHIND ${what}`);
  return left;
}
