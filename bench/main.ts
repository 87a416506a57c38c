/** `npm run bench`: what is measured, beside what others do, in the same run. Figures go to stdout as tables. */
import { parseArgs } from 'node:util';
import { runArtifactServer } from './artifact-server.ts';
import { runBareBroker } from './bare-broker.ts';
import { benchCloudLoad } from './cloud-load.ts';
import { benchDescribe } from './describe-round-trip.ts';
import { benchDownload } from './download.ts';
import { downloadTable } from './download-table.ts';
import { benchJournal } from './journal-append.ts';
import { benchRuns } from './process-run.ts';
import type { Row } from './row.ts';

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const benches = {
  describe: () =>
    printRows('One DescribeJobExecution over loopback, mutual TLS, job-cloud in a process of its own', benchDescribe),
  journal: () => printRows('One journal record on disk, in the temporary folder', benchJournal),
  runs: () => printRows('One run of /bin/true, from start to end', benchRuns),
  cloud: printLoad,
  download: async () => console.log(downloadTable(mebibytes, await benchDownload({ bytes: mebibytes * MIB, rounds }))),
} as const satisfies Record<string, () => Promise<void>>;

const THINGS = 1000;
const JOBS_A_THING = 10;
const MIB = 1024 ** 2;

const { values } = parseArgs({
  options: {
    'artifact-server': { type: 'string' },
    'bare-broker': { type: 'string' },
    only: { type: 'string' },
    mebibytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '4' },
  },
});
const [mebibytes, rounds] = [Number(values.mebibytes), Number(values.rounds)];
if (values['bare-broker'] !== undefined) {
  await runBareBroker(values['bare-broker']);
} else if (values['artifact-server'] !== undefined) {
  const [dataDir = '', path = '', port = '0'] = values['artifact-server'].split(',');
  await runArtifactServer(dataDir, path, Number(port));
} else {
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !(name in benches));
  if (unknown !== undefined)
    throw new Error(`--only: there is no ${unknown}; known are ${Object.keys(benches).join(', ')}`);
  for (const [name, bench] of Object.entries(benches)) if (only?.includes(name) ?? true) await bench();
  process.exit(0); // aws-crt keeps threads
}

async function printRows(title: string, bench: () => Promise<readonly Row[]>): Promise<void> {
  const rows = await bench();
  const [first] = rows;
  console.log(`\n${title}`);
  for (const { name, medianMs, p99Ms, count } of rows) {
    const ratio = first === undefined ? 1 : medianMs / first.medianMs;
    console.log(
      `  ${name.padEnd(46)} median ${medianMs.toFixed(3).padStart(8)} ms   p99 ${p99Ms.toFixed(3).padStart(8)} ms   ` +
        `${ratio.toFixed(2).padStart(6)} x   (${count})`,
    );
  }
}

async function printLoad(): Promise<void> {
  const rows = await benchCloudLoad({ things: THINGS, jobsAThing: JOBS_A_THING });
  console.log(
    `\njob-cloud with ${THINGS} things connected and ${THINGS * JOBS_A_THING} jobs, beside a bare aedes broker`,
  );
  console.log(`  ${''.padEnd(46)} ${'job-cloud'.padStart(12)} ${'bare broker'.padStart(12)}`);
  for (const { what, jobCloud, bareBroker } of rows) {
    console.log(`  ${what.padEnd(46)} ${jobCloud.padStart(12)} ${bareBroker.padStart(12)}`);
  }
}
