/**
 * `npm run test:download`: a large file comes whole and once, though its server, the link and the agent are killed in turn.
 * Ends with a table, and with exit code 1 on any violation.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../power/table.ts';
import { type DownloadArguments, parseDownloadArguments, USAGE } from './arguments.ts';
import { MIB, runInterruptedDownload } from './interrupted-download.ts';

/** This very file is bundled into the folder of the agent's bundle. */
const AGENT_BUNDLE = fileURLToPath(new URL('./job-agent.js', import.meta.url));

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// Agents are ended when this process exits, and a signal alone is no exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: DownloadArguments;
  try {
    args = parseDownloadArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!existsSync(AGENT_BUNDLE)) {
    process.stderr.write(`${AGENT_BUNDLE} is missing: npm run build\n`);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'download-'));
  const isWell = await run(args, folder);
  if (isWell) await rm(folder, { recursive: true, force: true });
  return isWell ? 0 : 1;
}

async function run({ mebibytes, interruptions, rate }: DownloadArguments, folder: string): Promise<boolean> {
  const bundle = join(folder, 'job-agent.js'); // a build meanwhile must not change what is tested
  await copyFile(AGENT_BUNDLE, bundle);
  print(`${mebibytes} MiB at ${rate} MiB/s, ${interruptions} interruptions`);
  const [bytes, bytesPerSecond] = [mebibytes * MIB, rate * MIB];
  const report = await runInterruptedDownload({ folder, bundle, bytes, interruptions, bytesPerSecond });
  const rows = report.interruptions.map(({ kind, atBytes }, index) => [index + 1, kind, (atBytes / MIB).toFixed(1)]);
  print(formatTable(['interruption', 'killed or cut', 'after MiB on the link'], rows));
  for (const violation of report.violations) print(`VIOLATION ${violation}`);
  const more = report.passedBytes - bytes;
  print(
    `${report.status} after ${report.seconds.toFixed(1)} s; ${more} bytes more than the file has came over the link, ` +
      `TLS among them: ${((more / bytes) * 100).toFixed(2)} %`,
  );
  if (report.violations.length > 0) print(`What is left of it: ${folder}`);
  return report.violations.length === 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
