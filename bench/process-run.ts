/** The direct-child runner, beside a bare spawn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDirectChildRunner } from '../agent/adapters/process/direct-child.ts';
import { measure, type Row } from './row.ts';

const COUNT = 200;

export async function benchRuns(): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  const runner = createDirectChildRunner({ runsDir: join(dir, 'runs') });
  let turn = 0;
  try {
    return [
      await measure({
        name: 'job-agent, direct child',
        count: COUNT,
        once: () => {
          turn += 1;
          return runner.start({ runId: `bench.${turn}`, argv: ['/bin/true'], cwd: dir, env: {}, outputTailBytes: 4096 })
            .ended;
        },
      }),
      await measure({ name: 'bare spawn', count: COUNT, once: () => once(spawn('/bin/true', { env: {} }), 'exit') }),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
