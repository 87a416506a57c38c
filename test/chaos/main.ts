/** `npm run test:chaos`: real agents killed at system calls, restarted, and held to "nothing lost, nothing twice". */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChaosArguments, parseChaosArguments, USAGE } from './arguments.ts';
import { runChaos } from './chaos.ts';
import { startChaosCloud } from './chaos-cloud.ts';
import { reasonAgainstStrace } from './strace.ts';

/** More than processors: much of a start is waiting. Their own names, so that two runs side by side are told apart. */
const THINGS = [1, 2, 3, 4].map((number) => `chaos-${process.pid}-${number}`);
/** This very file is bundled into the folder of the agent's bundle. */
const AGENT_BUNDLE = fileURLToPath(new URL('./job-agent.js', import.meta.url));

// Agents are ended when this process exits, and a signal alone is no exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: ChaosArguments;
  try {
    args = parseChaosArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!existsSync(AGENT_BUNDLE)) {
    process.stderr.write(`${AGENT_BUNDLE} is missing: npm run build\n`);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  const isWell = await killAgents(args, folder);
  if (isWell) await rm(folder, { recursive: true, force: true });
  return isWell ? 0 : 1;
}

async function killAgents({ kills, seed, broker }: ChaosArguments, folder: string): Promise<boolean> {
  const against = await reasonAgainstStrace();
  if (against !== null) {
    process.stdout.write(`WARNING: ${against}: agents are killed at moments of chance, not at system calls\n`);
  }
  const bundle = join(folder, 'job-agent.js'); // a build meanwhile must not change what is tested
  await copyFile(AGENT_BUNDLE, bundle);
  const cloud = await startChaosCloud({ broker, dataDir: join(folder, 'cloud'), things: THINGS });
  process.stdout.write(`${kills} kills, seed ${seed}, ${broker}\n`);
  const beginMs = performance.now();
  const options = { bundle, cloud, things: THINGS, kills, seed, scratchDir: folder };
  const report = await runChaos({ ...options, hasStrace: against === null });
  const seconds = (performance.now() - beginMs) / 1_000;
  await cloud.close();
  const rate = Math.round((report.kills() / seconds) * 60);
  process.stdout.write(`${report.table()}\n  ${seconds.toFixed(1)} s, ${rate} kills a minute\n`);
  if (report.violations.length === 0) return true;
  const file = join(folder, 'violations.json');
  await writeFile(file, JSON.stringify(report.violations, null, 2));
  process.stdout.write(`Every violation, with what is known of it: ${file}\n`);
  return false;
}
