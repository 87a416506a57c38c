import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cutEverywhere } from './all-cuts.ts';
import { runSession } from './byte-cut.ts';
import { runHalfOpen } from './half-open.ts';
import { type CloudThing, type LinkCloud, startLinkCloud } from './link-cloud.ts';
import { runSlowLink } from './slow-link.ts';

let cloud: LinkCloud;
let thing: CloudThing;

beforeAll(async () => {
  cloud = await startLinkCloud(1);
  [thing] = cloud.things as readonly [CloudThing];
});
afterAll(() => cloud.close());

describe('a link that is cut', () => {
  test('at bytes all over a session loses no job and doubles none', { timeout: 60_000 }, async () => {
    const reports = await cutEverywhere({ limit: 40, lanes: 4 });
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
    for (const { cuts, places } of reports) {
      expect(cuts).toBeGreaterThan(0);
      expect(places).toBeGreaterThan(2_000); // TLS handshake, CONNECT, SUBSCRIBE, two jobs
    }
  });

  test('once, in the middle of the handshake, costs one more connect', async () => {
    const { connects, isCut, violations } = await runSession({
      cloud,
      thing,
      cut: { direction: 'up', how: 'fin', afterBytes: 1_500 },
    });
    expect({ connects, isCut, violations }).toEqual({ connects: 2, isCut: true, violations: [] });
  });
});

describe('a link that goes dead', () => {
  test.each([[['up', 'down']], [['up']], [['down']]] as const)('in %j costs no report', async (directions) => {
    const { losses, violations } = await runHalfOpen({ cloud, thing, directions, keepAliveSeconds: 1 });
    expect(violations).toEqual([]);
    expect(losses.length).toBeGreaterThan(1);
  });
});

describe('a slow link', () => {
  test('that cannot connect in time is given up and tried again', async () => {
    const rate = { bytes: 1, everyMs: 1 };
    const { violations } = await runSlowLink({ cloud, thing, rate, connectTimeoutMs: 200, timeouts: 2 });
    expect(violations).toEqual([]);
  });

  test('that can is good enough for a job', async () => {
    const rate = { bytes: 16, everyMs: 1 };
    const { losses, violations } = await runSlowLink({ cloud, thing, rate, connectTimeoutMs: 30_000, timeouts: 0 });
    expect({ losses, violations }).toEqual({ losses: [], violations: [] });
  });
});
