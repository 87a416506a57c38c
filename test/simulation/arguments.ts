/** The command line of `npm run test:simulation`. */
import { parseArgs } from 'node:util';

export interface SimulationArguments {
  readonly executions: number;
  readonly seed: number;
  /** One world alone, with its whole history; `null` for as many as there have to be. */
  readonly world: number | null;
}

export const USAGE = 'Usage: npm run test:simulation -- [--executions N] [--seed N] [--world K]\n';

/** @throws Error that says which argument is wrong. */
export function parseSimulationArguments(argv: readonly string[]): SimulationArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      executions: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
      world: { type: 'string' },
    },
  });
  return {
    executions: wholeNumber('--executions', values.executions, 1),
    seed: wholeNumber('--seed', values.seed, 1),
    world: values.world === undefined ? null : wholeNumber('--world', values.world, 0),
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${name}: expected a whole number of at least ${least}, got ${text}`);
}
