/** The command line of `npm run soak`. */
import { parseArgs } from 'node:util';

export interface SoakArguments {
  readonly minutes: number;
  readonly seed: number;
}

export const USAGE = 'Usage: npm run soak -- [--minutes N] [--seed N]\n';

/** @throws Error that says which argument is wrong. */
export function parseSoakArguments(argv: readonly string[]): SoakArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got ${values.minutes}`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 1)
    throw new Error(`--seed: expected a whole number above 0, got ${values.seed}`);
  return { minutes, seed };
}
