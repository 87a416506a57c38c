/** `npm run soak`: one agent, half an hour of jobs and faults, and whether it is what it was at the end. */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSoakArguments, type SoakArguments, USAGE } from './arguments.ts';
import { runSoak } from './soak.ts';
import { soakTable } from './soak-table.ts';
import { judgeSoak } from './soak-verdict.ts';

/** This very file is bundled into the folder of the agent's bundle. */
const AGENT_BUNDLE = fileURLToPath(new URL('./job-agent.js', import.meta.url));

// The agent is ended when this process exits, and a signal alone is no exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: SoakArguments;
  try {
    args = parseSoakArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!existsSync(AGENT_BUNDLE)) {
    process.stderr.write(`${AGENT_BUNDLE} is missing: npm run build\n`);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'soak-'));
  const isFlat = await soak(args, folder);
  if (isFlat) await rm(folder, { recursive: true, force: true });
  return isFlat ? 0 : 1;
}

async function soak({ minutes, seed }: SoakArguments, folder: string): Promise<boolean> {
  const bundle = join(folder, 'job-agent.js'); // a build meanwhile must not change what is tested
  await copyFile(AGENT_BUNDLE, bundle);
  process.stdout.write(`${minutes} minutes, seed ${seed}\n`);
  const report = await runSoak({ bundle, folder, minutes, seed });
  const verdict = judgeSoak(report.samples);
  process.stdout.write(`${soakTable(report, verdict)}\n`);
  if (verdict.complaints.length === 0 && report.violations.length === 0) return true;
  const file = join(folder, 'soak.json');
  await writeFile(file, JSON.stringify({ violations: report.violations, samples: report.samples }, null, 2));
  process.stdout.write(`Every violation and sample: ${file}\n`);
  return false;
}
