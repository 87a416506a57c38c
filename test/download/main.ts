/**
 * `npm run test:download`: a large file comes whole and once, though its server, the link and the agent are killed in turn.
 * Ends with a table, and with exit code 1 on any violation.
 */
import { copyBundle, runTestProgram } from '../fixtures/test-program.ts';
import { formatTable } from '../power/table.ts';
import { type DownloadArguments, parseDownloadArguments, USAGE } from './arguments.ts';
import { MIB, runInterruptedDownload } from './interrupted-download.ts';

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.exitCode = await runTestProgram({ name: 'download', usage: USAGE, parse: parseDownloadArguments, run });

async function run({ mebibytes, interruptions, rate }: DownloadArguments, folder: string): Promise<boolean> {
  const bundle = await copyBundle(folder);
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
