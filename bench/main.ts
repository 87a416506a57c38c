/** `npm run bench`: what is measured, beside what others do, in the same run. Figures go to stdout as a table. */
import { benchDescribe } from './describe-round-trip.ts';
import { benchJournal } from './journal-append.ts';
import { benchRuns } from './process-run.ts';
import type { Row } from './row.ts';

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const benches: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  'One DescribeJobExecution over loopback, mutual TLS, job-cloud in a process of its own': benchDescribe,
  'One journal record on disk, in the temporary folder': benchJournal,
  'One run of /bin/true, from start to end': benchRuns,
};

for (const [title, bench] of Object.entries(benches)) {
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
process.exit(0); // aws-crt keeps threads
