/** The command line of `npm run test:download`. */
import { parseArgs } from 'node:util';

export interface DownloadArguments {
  readonly mebibytes: number;
  readonly interruptions: number;
  /** What the link passes in a second, in MiB: a download that is over at once cannot be interrupted. */
  readonly rate: number;
}

export const USAGE =
  'Usage: npm run test:download -- [--mebibytes N] [--interruptions N] [--rate MEBIBYTES_A_SECOND]\n';

/** @throws Error that says which argument is wrong. */
export function parseDownloadArguments(argv: readonly string[]): DownloadArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      mebibytes: { type: 'string', default: '64' },
      interruptions: { type: 'string', default: '10' },
      rate: { type: 'string', default: '32' },
    },
  });
  const number = (name: keyof typeof values) => {
    const value = Number(values[name]);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw new Error(`--${name}: expected a whole number above 0, got ${values[name]}`);
  };
  return { mebibytes: number('mebibytes'), interruptions: number('interruptions'), rate: number('rate') };
}
