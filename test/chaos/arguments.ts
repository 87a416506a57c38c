/** The command line of `npm run test:chaos`. */
import { parseArgs } from 'node:util';

export interface ChaosArguments {
  readonly kills: number;
  readonly seed: number;
  readonly broker: 'aedes' | 'mosquitto';
}

export const USAGE = 'Usage: npm run test:chaos -- [--kills N] [--seed N] [--broker aedes|mosquitto]\n';

/** @throws Error that says which argument is wrong. */
export function parseChaosArguments(argv: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kills: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
      broker: { type: 'string', default: 'aedes' },
    },
  });
  const { broker } = values;
  if (broker !== 'aedes' && broker !== 'mosquitto')
    throw new Error(`--broker: expected aedes or mosquitto, got ${broker}`);
  return { kills: positive('--kills', values.kills), seed: positive('--seed', values.seed), broker };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${name}: expected a whole number above 0, got ${text}`);
}
