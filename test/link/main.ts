/**
 * `npm run test:link`: a gateway whose link is cut at every byte, goes dead, is slow, or leads to a hostile broker. Ends
 * with a table, and with exit code 1 on any violation.
 */
import tls from 'node:tls';
import { createTestPki } from '../fixtures/mqtt-brokers/test-pki.ts';
import { type Cell, formatTable } from '../power/table.ts';
import { cutEverywhere } from './all-cuts.ts';
import { type LinkArguments, parseLinkArguments, USAGE } from './arguments.ts';
import { runHalfOpen } from './half-open.ts';
import { runHostile } from './hostile-run.ts';
import { type CloudThing, type LinkCloud, startLinkCloud } from './link-cloud.ts';
import type { Direction } from './link-proxy.ts';
import { runSlowLink, type SlowLinkOptions } from './slow-link.ts';

interface Row {
  readonly what: string;
  /** Cuts, packets or scenarios. */
  readonly count: number;
  readonly note: string;
  readonly violations: readonly string[];
  readonly seconds: number;
}

/** Packets between two jobs that have to run. */
const PACKETS_A_JOB = 2_000;
const HOSTILE_LANES = 4;
const KEEP_ALIVE_SECONDS = 2;
/** What the event loop of a busy machine may add to one and a half keep-alives. */
const NOTICE_SLACK_MS = 2_000;
const DEAD_LINKS: readonly (readonly Direction[])[] = [['up', 'down'], ['up'], ['down']];
type SlowLink = Omit<SlowLinkOptions, 'cloud' | 'thing'>;
const SLOW_LINKS: Readonly<Record<string, SlowLink>> = {
  '1 byte/s, 3 s to connect': { rate: { bytes: 1, everyMs: 1_000 }, connectTimeoutMs: 3_000, timeouts: 2 },
  '1 byte/ms, 300 ms to connect': { rate: { bytes: 1, everyMs: 1 }, connectTimeoutMs: 300, timeouts: 3 },
  '1 byte/ms, 30 s to connect': { rate: { bytes: 1, everyMs: 1 }, connectTimeoutMs: 30_000, timeouts: 0 },
};

const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught: ${error.stack}`));
process.on('unhandledRejection', (reason) => uncaught.push(`unhandled rejection: ${String(reason)}`));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: LinkArguments;
  try {
    args = parseLinkArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  tls.DEFAULT_MAX_VERSION = `TLSv${args.tls}`; // of both ends, for both are in this process
  print(`cuts ${args.cuts ?? 'at every byte'}, packets ${args.packets}, TLS ${args.tls}, seed ${args.seed}`);
  const rows = [...(await cutRows(args)), ...(await deadAndSlowRows()), ...(await hostileRows(args))];
  const violations = [...rows.flatMap((row) => row.violations), ...uncaught];
  for (const violation of violations.slice(0, 50)) print(`VIOLATION ${violation}`);
  const cells = rows.map(({ what, count, note, violations: found, seconds }): readonly Cell[] => {
    return [what, count, found.length, seconds.toFixed(1), note];
  });
  print(formatTable(['what', 'count', 'violations', 'seconds', 'note'], cells));
  print(`${violations.length} violations, ${uncaught.length} of them uncaught errors; seed ${args.seed}`);
  return violations.length > 0 ? 1 : 0;
}

async function cutRows({ cuts, lanes }: LinkArguments): Promise<readonly Row[]> {
  if (cuts === 0) return [];
  const started = performance.now();
  const reports = await cutEverywhere({ lanes, ...(cuts !== undefined && { limit: cuts }) });
  const seconds = (performance.now() - started) / 1_000 / reports.length;
  return reports.map(({ direction, how, places, cuts: count, unreached, violations }) => {
    const note = `${places} bytes${unreached > 0 ? `, ${unreached} not reached` : ''}`;
    return { what: `cut ${direction}, ${how}`, count, note, violations, seconds };
  });
}

async function deadAndSlowRows(): Promise<readonly Row[]> {
  const cloud = await startLinkCloud(1);
  const [thing] = cloud.things as readonly [CloudThing, ...CloudThing[]];
  const rows: Row[] = [];
  for (const directions of DEAD_LINKS) rows.push(await deadRow({ cloud, thing }, directions));
  for (const [name, slow] of Object.entries(SLOW_LINKS)) {
    const { result, seconds } = await timed(() => runSlowLink({ cloud, thing, ...slow }));
    const { losses, violations } = result;
    rows.push({ what: 'slow link', count: 1, note: `${name}: ${losses.length} timed out`, violations, seconds });
  }
  await cloud.close();
  return rows;
}

async function deadRow(on: { cloud: LinkCloud; thing: CloudThing }, directions: readonly Direction[]): Promise<Row> {
  const { result, seconds } = await timed(() =>
    runHalfOpen({ ...on, directions, keepAliveSeconds: KEEP_ALIVE_SECONDS }),
  );
  const { noticedAfterMs } = result;
  const limitMs = 1_500 * KEEP_ALIVE_SECONDS + NOTICE_SLACK_MS;
  const late = noticedAfterMs > limitMs ? [`noticed after ${noticedAfterMs.toFixed(0)} ms`] : [];
  const note = `keep-alive ${KEEP_ALIVE_SECONDS} s, noticed after ${noticedAfterMs.toFixed(0)} ms`;
  return {
    what: `dead ${directions.join(' and ')}`,
    count: 1,
    note,
    violations: [...result.violations, ...late],
    seconds,
  };
}

async function hostileRows({ packets, seed }: LinkArguments): Promise<readonly Row[]> {
  if (packets === 0) return [];
  const pki = await createTestPki();
  const share = Math.ceil(packets / HOSTILE_LANES);
  const lanes = Array.from({ length: HOSTILE_LANES }, (_, lane) =>
    timed(() => runHostile({ pki, packets: share, seed: seed + lane, every: PACKETS_A_JOB })),
  );
  const done = await Promise.all(lanes);
  return done.map(({ result, seconds }, lane) => {
    const { connects, jobs, runs, heapGrowthBytes, violations } = result;
    const heap = `heap ${(heapGrowthBytes / 1024 / 1024).toFixed(1)} MB`;
    const note = `${connects} connects, ${jobs} jobs in between, ${runs} runs meanwhile, ${heap}, seed ${seed + lane}`;
    return { what: 'hostile broker', count: result.packets, note, violations, seconds };
  });
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1_000 };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
