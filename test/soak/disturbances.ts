/** What happens to the connection in the course of a soak, and when. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosCloud } from '../chaos/chaos-cloud.ts';
import type { Random } from '../chaos/random.ts';

export interface Disturber {
  /**
   * Disturbs this round at some moment soon, if it is time.
   * @param connectedMs how long the connection has stood.
   * @returns what it did.
   */
  disturb(connectedMs: number): Promise<string | null>;
}

interface Disturbance {
  readonly name: string;
  act(cloud: ChaosCloud, thingName: string): Promise<void> | void;
}

const DISTURBANCES: readonly Disturbance[] = [
  { name: 'connection reset', act: (cloud, thingName) => cloud.link(thingName).cut('reset') },
  { name: 'broker restarted', act: (cloud) => cloud.restartBroker() },
  { name: 'link half open', act: (cloud, thingName) => cloud.link(thingName).freeze() },
  { name: 'connection ended', act: (cloud, thingName) => cloud.link(thingName).cut('end') },
];
const WITHIN_MS = 1_500;
/** Ended sooner and again and again, a connection means another client with our client id to the agent: it waits long. */
const STANDS_AT_LEAST_MS = 11_000;
/** A connection that stood this long lets the agent wait as little as at first when it is lost. */
const STANDS_WELL_MS = 62_000;
/** As many may follow each other before one has to stand well: waits double. */
const IN_A_ROW = 3;

export function createDisturber(cloud: ChaosCloud, thingName: string, random: Random): Disturber {
  let count = 0;
  return {
    async disturb(connectedMs) {
      const isRowOver = count > 0 && count % IN_A_ROW === 0;
      if (connectedMs < (isRowOver ? STANDS_WELL_MS : STANDS_AT_LEAST_MS)) return null;
      const disturbance = DISTURBANCES[count % DISTURBANCES.length];
      count += 1;
      await delay(random.below(WITHIN_MS));
      await disturbance?.act(cloud, thingName);
      return disturbance?.name ?? null;
    },
  };
}
