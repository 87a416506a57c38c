/** The command line of `npm run test:chaos`. */
import { parseArgs } from 'node:util';

export interface ChaosArguments {
  readonly seed: number;
  /** Whether the cloud fails meanwhile. */
  readonly hasFaults: boolean;
  /** One after the other. */
  readonly runs: readonly ChaosRun[];
}

export interface ChaosRun {
  readonly broker: BrokerName;
  readonly kills: number;
}

export type BrokerName = 'aedes' | 'mosquitto';

export const USAGE =
  'Usage: npm run test:chaos -- [--kills N] [--seed N] [--broker aedes|mosquitto|both] [--faults on|off]\n';

/** Of `both`: aedes checks more of what the agent sends. */
const SHARE_OF_MOSQUITTO = 0.2;

/** @throws Error that says which argument is wrong. */
export function parseChaosArguments(argv: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kills: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(1 + (Date.now() % 1_000_000)) },
      broker: { type: 'string', default: 'both' },
      faults: { type: 'string', default: 'on' },
    },
  });
  const kills = positive('--kills', values.kills);
  return {
    seed: positive('--seed', values.seed),
    hasFaults: oneOf('--faults', values.faults, ['on', 'off']) === 'on',
    runs: runsOf(oneOf('--broker', values.broker, ['aedes', 'mosquitto', 'both']), kills),
  };
}

function runsOf(broker: BrokerName | 'both', kills: number): readonly ChaosRun[] {
  if (broker !== 'both') return [{ broker, kills }];
  const onMosquitto = Math.ceil(kills * SHARE_OF_MOSQUITTO);
  const runs = [
    { broker: 'aedes', kills: kills - onMosquitto },
    { broker: 'mosquitto', kills: onMosquitto },
  ] as const;
  return runs.filter((run) => run.kills > 0);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${name}: expected a whole number above 0, got ${text}`);
}

function oneOf<const Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new Error(`${name}: expected ${choices.join(' or ')}, got ${text}`);
}
