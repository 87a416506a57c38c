/** What happens to the connection in the course of a soak, and when. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosCloud } from '../chaos/chaos-cloud.ts';
import type { Random } from '../chaos/random.ts';

export interface Disturber {
  /** Disturbs this round, if it is time, at some moment soon. @returns what it did. */
  disturb(): Promise<string | null>;
}

const DISTURBANCES: readonly {
  readonly name: string;
  act(cloud: ChaosCloud, thingName: string): Promise<void> | void;
}[] = [
  { name: 'connection reset', act: (cloud, thingName) => cloud.link(thingName).cut('reset') },
  { name: 'broker restarted', act: (cloud) => cloud.restartBroker() },
  { name: 'link half open', act: (cloud, thingName) => cloud.link(thingName).freeze() },
  { name: 'connection ended', act: (cloud, thingName) => cloud.link(thingName).cut('end') },
];
/** Two that follow each other faster, and a third, would be another client with our client id to the agent. */
const GAP_MS = 16_000;
/** A few one after the other; then quiet for longer than the agent needs to wait as little as at first again. */
const IN_A_ROW = 3;
const QUIET_MS = 65_000;
const WITHIN_MS = 1_500;

export function createDisturber(cloud: ChaosCloud, thingName: string, random: Random): Disturber {
  let count = 0;
  let quietUntilMs = 0;
  return {
    async disturb() {
      if (performance.now() < quietUntilMs) return null;
      const disturbance = DISTURBANCES[count % DISTURBANCES.length];
      count += 1;
      quietUntilMs = performance.now() + (count % IN_A_ROW === 0 ? QUIET_MS : GAP_MS);
      await delay(random.below(WITHIN_MS));
      await disturbance?.act(cloud, thingName);
      return disturbance?.name ?? null;
    },
  };
}
