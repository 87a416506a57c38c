/**
 * `npm run test:nodes`: the built agent on other versions of Node.js and on other processors, each with a local cloud on this
 * computer. Ends with a table, and with exit code 1 when something was otherwise than it should be.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../power/table.ts';
import { type NodesArguments, parseNodesArguments, USAGE } from './arguments.ts';
import { checkInScratch, findPrograms } from './candidates.ts';

/** This very file is bundled into the folder of the agent's bundle. */
const DIST = fileURLToPath(new URL('.', import.meta.url));

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
// What was started is ended when this process exits, and a signal alone is no exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let args: NodesArguments;
  try {
    args = parseNodesArguments(argv);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!existsSync(join(DIST, 'job-agent.js'))) {
    process.stderr.write(`${DIST}job-agent.js is missing: npm run build\n`);
    return 2;
  }
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'iot-job-agent-checks');
  const rows: (readonly (string | number)[])[] = [];
  let failures = 0;
  for (const architecture of args.architectures) {
    const { programs, missing } = await findPrograms(architecture, args.nodes, cache);
    for (const why of missing) print(`WARNING: not checked: ${why}`);
    for (const program of programs) {
      const begunMs = performance.now();
      const { checks, wrong, residentBytes } = await checkInScratch(program, {
        cache,
        dist: DIST,
        large: args.large,
        print,
      });
      failures += wrong.length;
      const seconds = Math.round((performance.now() - begunMs) / 1_000);
      const resident = program.emulator === undefined ? (residentBytes / 1024 ** 2).toFixed(0) : '-';
      rows.push([program.name, program.emulator === undefined ? 'no' : 'yes', checks, wrong.length, seconds, resident]);
    }
  }
  if (rows.length > 0) {
    print('');
    print(formatTable(['Node.js', 'emulated', 'checks', 'failed', 'seconds', 'MiB resident'], rows));
  }
  return failures === 0 ? 0 : 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
