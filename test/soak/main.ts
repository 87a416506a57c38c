/** `npm run soak`: one agent, half an hour of jobs and faults, and whether it is what it was at the end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyBundle, runTestProgram } from '../fixtures/test-program.ts';
import { parseSoakArguments, type SoakArguments, USAGE } from './arguments.ts';
import { runSoak } from './soak.ts';
import { soakTable } from './soak-table.ts';
import { judgeSoak } from './soak-verdict.ts';

process.exitCode = await runTestProgram({ name: 'soak', usage: USAGE, parse: parseSoakArguments, run: soak });

async function soak({ minutes, seed }: SoakArguments, folder: string): Promise<boolean> {
  const bundle = await copyBundle(folder);
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
