import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cutEverywhere } from './all-cuts.ts';
import { runSession } from './byte-cut.ts';
import { runHalfOpen } from './half-open.ts';
import { type CloudThing, type LinkCloud, startLinkCloud } from './link-cloud.ts';
import { runSlowLink } from './slow-link.ts';

let cloud: LinkCloud;
let thing: CloudThing;

beforeAll(async () => {
  cloud = await startLinkCloud(4);
  [thing] = cloud.things as readonly [CloudThing, ...CloudThing[]];
});
afterAll(() => cloud.close());

describe('a link that is cut', () => {
  test('at bytes all over a session loses no job and doubles none', async () => {
    const reports = await cutEverywhere({ limit: 24, lanes: 4 });
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    for (const { cuts, places } of reports) {
      expect(cuts).toBeGreaterThan(0);
      expect(places).toBeGreaterThan(2_000); // TLS handshake, CONNECT, SUBSCRIBE, two jobs
    }
  });

  const CUT = { direction: 'up', how: 'fin', afterBytes: 1_500 } as const;

  test('once, in the middle of the session, costs one more connect', async () => {
    const { connects, isCut, violations } = await runSession({ cloud, thing, cut: CUT });
    expect({ connects, isCut, violations }).toEqual({ connects: 2, isCut: true, violations: [] });
  });

  test('shows an agent that comes back at once', async () => {
    const backward = () => -1; // takes the second away again
    const { violations } = await runSession({ cloud, thing, cut: CUT, random: backward });
    expect(violations).toEqual(['connected again after 0 ms']);
  });
});

describe('a link that goes dead', () => {
  const DEAD = [
    [1, ['up', 'down']],
    [2, ['up']],
    [3, ['down']],
  ] as const;
  test.concurrent.each(DEAD)('for gateway %i in %j costs no report', async (gateway, directions) => {
    const dead = cloud.things[gateway] ?? thing;
    const { losses, violations } = await runHalfOpen({ cloud, thing: dead, directions, keepAliveSeconds: 1 });
    expect(violations).toEqual([]);
    expect(losses.length).toBeGreaterThan(1);
  });
});

describe('a slow link', () => {
  test('that cannot connect in time is given up and tried again', async () => {
    const rate = { bytes: 1, everyMs: 1 };
    const { violations } = await runSlowLink({ cloud, thing, rate, connectTimeoutMs: 1_000, timeouts: 2 });
    expect(violations).toEqual([]);
  });

  test('that can is good enough for a job', async () => {
    const rate = { bytes: 16, everyMs: 1 };
    const { losses, violations } = await runSlowLink({ cloud, thing, rate, connectTimeoutMs: 30_000, timeouts: 0 });
    expect({ losses, violations }).toEqual({ losses: [], violations: [] });
  });
});
