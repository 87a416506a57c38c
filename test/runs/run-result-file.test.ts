import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ProcessRunner } from '../../agent/ports/process-runner.ts';
import type { HandlerHostRequest } from '../../agent/runs/handler-host-request.ts';
import { createStepRunnerSetup, runIdOf, type StepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const SUCCESS = '{"kind":"succeeded","details":{}}';

let setup: StepRunnerSetup;
afterEach(() => setup.remove());

test('a plain file with a result counts', async () => {
  expect(await runLeaving((path) => writeFileSync(path, SUCCESS))).toMatchObject({ status: 'succeeded' });
});

const rows: [string, (path: string) => void][] = [
  ['nothing', () => undefined],
  ['a pipe that nobody writes', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => execFileSync('mkdir', [path])],
  [
    'a link to a result elsewhere',
    (path) => {
      writeFileSync(join(setup.folder, 'elsewhere'), SUCCESS);
      symlinkSync(join(setup.folder, 'elsewhere'), path);
    },
  ],
  [
    'a result without end',
    (path) => {
      writeFileSync(path, SUCCESS);
      truncateSync(path, 1024 ** 3);
    },
  ],
];
test.each(rows)('%s in its place is no result', async (_, leave) => {
  expect(await runLeaving(leave)).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NO_RESULT' });
});

test('the host is told everything it needs', async () => {
  let request: HandlerHostRequest | undefined;
  await runLeaving((_, told) => {
    request = told;
  });
  const runFolder = join(setup.runtimeDir, 'runs', `${runIdOf(0, 1)}.d`);
  expect(request).toMatchObject({
    operation: 'write-file',
    part: 'run',
    parameters: { path: 'x', content: 'y' },
    execution: { jobId: 'job-1', executionNumber: 1 },
    step: 0,
    attempt: 1,
    workDir: join(setup.stateDir, 'work', 'job-1.1.1700000000'),
    statusFile: join(runFolder, 'status'),
    resultFile: join(runFolder, 'result.json'),
    checkpointFile: join(setup.stateDir, 'checkpoints', 'job-1.1.1700000000', 'step-0', 'checkpoint.json'),
  });
});

/** A handler host that exits with 0 and leaves what `leave` puts in the place of the result. */
async function runLeaving(leave: (resultFile: string, request: HandlerHostRequest) => void) {
  const output = { stdoutTail: '', stderrTail: '', stdoutBytes: 0, stderrBytes: 0, stderrLines: 0 };
  const runner: ProcessRunner = {
    start({ stdin = '' }) {
      const request = JSON.parse(stdin) as HandlerHostRequest;
      leave(request.resultFile, request);
      return { ended: Promise.resolve({ kind: 'exited', exitCode: 0, ...output }), stop: async () => undefined };
    },
    endLeftovers: async () => [],
  };
  setup = await createStepRunnerSetup({ runner });
  return setup.run({ operation: 'write-file', parameters: { path: 'x', content: 'y' } });
}
