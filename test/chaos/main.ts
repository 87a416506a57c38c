/** `npm run test:chaos`: real agents killed at system calls, restarted, and held to "nothing lost, nothing twice". */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasMosquitto } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';
import { copyBundle, runTestProgram } from '../fixtures/test-program.ts';
import { type ChaosArguments, type ChaosRun, parseChaosArguments, USAGE } from './arguments.ts';
import { type ChaosOptions, runChaos } from './chaos.ts';
import { startChaosCloud } from './chaos-cloud.ts';
import { type KillReport, unmetKinds } from './kill-report.ts';
import { killTable } from './kill-table.ts';
import { reasonAgainstStrace } from './strace.ts';

/** More than processors: much of a start is waiting. Their own names, so that two runs side by side are told apart. */
const THINGS = [1, 2, 3, 4].map((number) => `chaos-${process.pid}-${number}`);
const KILLS_THAT_MEET_EVERY_KIND = 200;

process.exitCode = await runTestProgram({ name: 'chaos', usage: USAGE, parse: parseChaosArguments, run: killAgents });

async function killAgents(args: ChaosArguments, folder: string): Promise<boolean> {
  const against = await reasonAgainstStrace();
  if (against !== null) {
    process.stdout.write(`WARNING: ${against}: agents are killed at moments of chance, not at system calls\n`);
  }
  const bundle = await copyBundle(folder);
  const reports = new Map<string, KillReport>();
  const beginMs = performance.now();
  for (const run of args.runs) {
    if (run.broker === 'mosquitto' && !hasMosquitto('kills on another broker are')) {
      process.stdout.write(`WARNING: mosquitto is not installed: ${run.kills} kills on it were not made\n`);
      continue;
    }
    process.stdout.write(
      `${run.kills} kills on ${run.broker}, seed ${args.seed}, faults ${args.hasFaults ? 'on' : 'off'}\n`,
    );
    const place = { bundle, scratchDir: join(folder, run.broker) };
    reports.set(run.broker, await killOn(run, args, { ...place, hasStrace: against === null }));
  }
  const seconds = (performance.now() - beginMs) / 1_000;
  const kills = [...reports.values()].reduce((sum, report) => sum + report.kills(), 0);
  const rate = Math.round((kills / seconds) * 60);
  process.stdout.write(`${killTable(reports)}\n  ${seconds.toFixed(1)} s, ${rate} kills a minute\n`);
  const isMet = [...reports].map(([broker, report]) => isEveryKindMet(broker, report)).every((one) => one);
  const violations = [...reports.values()].flatMap((report) => report.violations);
  if (violations.length === 0) return isMet;
  const file = join(folder, 'violations.json');
  await writeFile(file, JSON.stringify(violations, null, 2));
  process.stdout.write(`Every violation, with what is known of it: ${file}\n`);
  return false;
}

type KillPlace = Pick<ChaosOptions, 'bundle' | 'scratchDir' | 'hasStrace'>;

async function killOn(run: ChaosRun, { seed, hasFaults }: ChaosArguments, place: KillPlace): Promise<KillReport> {
  await mkdir(place.scratchDir);
  const dataDir = join(place.scratchDir, 'cloud');
  const cloud = await startChaosCloud({ broker: run.broker, dataDir, things: THINGS, seed });
  const report = await runChaos({ ...place, cloud, things: THINGS, kills: run.kills, seed, hasFaults });
  await cloud.close();
  return report;
}

/** A short run, or one without strace, need not meet each. */
function isEveryKindMet(broker: string, report: KillReport): boolean {
  const unmet = report.reach.size > 0 && report.kills() >= KILLS_THAT_MEET_EVERY_KIND ? unmetKinds(report) : [];
  if (unmet.length === 0) return true;
  process.stdout.write(`On ${broker} nothing was killed at: ${unmet.join(', ')}\n`);
  return false;
}
