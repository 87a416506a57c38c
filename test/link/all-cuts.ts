/** Every byte of a session, in both directions, as the place of a cut. */
import { runSession, type SessionResult } from './byte-cut.ts';
import { type CloudThing, type LinkCloud, startLinkCloud } from './link-cloud.ts';
import type { Cut, Direction } from './link-proxy.ts';

export interface CutReport {
  readonly direction: Direction;
  readonly how: Cut['how'];
  /** Places there are. */
  readonly places: number;
  readonly cuts: number;
  /** The session was over before that byte: signatures differ in length. */
  readonly unreached: number;
  readonly violations: readonly string[];
}

export interface AllCutsOptions {
  /** How many places, spread evenly; every one unless given. */
  readonly limit?: number;
  /** Sessions side by side. */
  readonly lanes: number;
}

/** Sessions that are measured: one may be a few bytes shorter than the next. */
const MEASURED = 3;

export async function cutEverywhere({ limit, lanes }: AllCutsOptions): Promise<readonly CutReport[]> {
  const cloud = await startLinkCloud(lanes);
  try {
    const lengths = await measure(cloud);
    const reports = groupsOf(lengths).map((group) => ({ ...group, cuts: 0, unreached: 0, violations: [] as string[] }));
    const all = reports.flatMap((report) =>
      Array.from({ length: report.places }, (_, afterBytes) => ({ report, afterBytes })),
    );
    const waiting = evenly(all, limit ?? all.length);
    await Promise.all(
      cloud.things.map(async (thing) => {
        for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
          const { report, afterBytes } = place;
          const { direction, how } = report;
          count(report, afterBytes, await runSession({ cloud, thing, cut: { direction, how, afterBytes } }));
        }
      }),
    );
    return reports;
  } finally {
    await cloud.close();
  }
}

/** The longest of a few sessions without a cut. @throws Error when one of them is not clean. */
async function measure(cloud: LinkCloud): Promise<Readonly<Record<Direction, number>>> {
  const [thing] = cloud.things as readonly [CloudThing, ...CloudThing[]];
  const longest = { up: 0, down: 0 };
  for (let index = 0; index < MEASURED; index += 1) {
    const { passed, violations } = await runSession({ cloud, thing });
    if (violations.length > 0) throw new Error(`a session without a cut: ${violations.join('; ')}`);
    longest.up = Math.max(longest.up, passed.up);
    longest.down = Math.max(longest.down, passed.down);
  }
  return longest;
}

function groupsOf(lengths: Readonly<Record<Direction, number>>) {
  return (['up', 'down'] as const).flatMap((direction) =>
    (['rst', 'fin'] as const).map((how) => ({ direction, how, places: lengths[direction] + 1 })),
  );
}

function evenly<Item>(items: readonly Item[], count: number): Item[] {
  if (count >= items.length) return [...items];
  return items.filter(
    (_, index) => Math.floor((index * count) / items.length) !== Math.floor(((index - 1) * count) / items.length),
  );
}

interface Tally {
  readonly direction: Direction;
  readonly how: Cut['how'];
  cuts: number;
  unreached: number;
  readonly violations: string[];
}

function count(tally: Tally, afterBytes: number, { isCut, violations }: SessionResult): void {
  if (isCut) tally.cuts += 1;
  else tally.unreached += 1;
  const where = `${tally.how} after byte ${afterBytes} ${tally.direction}`;
  tally.violations.push(...violations.map((violation) => `${where}: ${violation}`));
}
