/** The command line of `npm run test:link`. */
import { parseArgs } from 'node:util';

export interface LinkArguments {
  /** Places to cut at; undefined for every one, 0 for none. */
  readonly cuts: number | undefined;
  /** Of a hostile broker; 0 for none. */
  readonly packets: number;
  readonly seed: number;
  /** Sessions side by side. */
  readonly lanes: number;
  /** The newest version of TLS that is spoken. */
  readonly tls: '1.2' | '1.3';
}

export const USAGE =
  'Usage: npm run test:link -- [--cuts N|all] [--packets N] [--seed N] [--lanes N] [--tls 1.2|1.3]\n';

/** @throws Error that says which argument is wrong. */
export function parseLinkArguments(argv: readonly string[]): LinkArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      cuts: { type: 'string', default: '400' },
      packets: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
      lanes: { type: 'string', default: '8' },
      tls: { type: 'string', default: '1.3' },
    },
  });
  const { tls } = values;
  if (tls !== '1.2' && tls !== '1.3') throw new Error(`--tls: expected 1.2 or 1.3, got ${tls}`);
  return {
    cuts: values.cuts === 'all' ? undefined : wholeNumber('--cuts', values.cuts, 0),
    packets: wholeNumber('--packets', values.packets, 0),
    seed: wholeNumber('--seed', values.seed, 1),
    lanes: wholeNumber('--lanes', values.lanes, 1),
    tls,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${name}: expected a whole number from ${least}, got ${text}`);
}
