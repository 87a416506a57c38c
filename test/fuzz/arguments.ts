/** The command line of `npm run test:fuzz`. */
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';

export interface FuzzArguments {
  readonly documents: number;
  readonly seed: number;
  /** Counts from 0: the first document of the run, to have one again. */
  readonly first: number;
  /** Faults that are put into the agent afterwards, each to be found. */
  readonly faults: readonly string[];
  /** A file that gets each document and what came of it, a line each. */
  readonly logFile: string | undefined;
}

export const USAGE = `Usage: npm run test:fuzz -- [--documents N] [--seed N] [--first N] [--faults all|none|NAME,…] [--log FILE]
  faults: ${FAULTS.map(({ name }) => name).join(', ')}
`;

/** @throws Error that says which argument is wrong. */
export function parseFuzzArguments(argv: readonly string[]): FuzzArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      documents: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
      first: { type: 'string', default: '0' },
      faults: { type: 'string', default: 'all' },
      log: { type: 'string' },
    },
  });
  return {
    documents: wholeNumber('--documents', values.documents, 1),
    seed: wholeNumber('--seed', values.seed, 1),
    first: wholeNumber('--first', values.first, 0),
    faults: faultsOf(values.faults),
    logFile: values.log,
  };
}

function faultsOf(text: string): readonly string[] {
  const known = FAULTS.map(({ name }) => name);
  if (text === 'all') return known;
  if (text === 'none') return [];
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--faults: ${unknown} is none; known are ${known.join(', ')}`);
  return names;
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${name}: expected a whole number from ${least}, got ${text}`);
}
