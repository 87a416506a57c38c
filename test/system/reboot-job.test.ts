/** Restarts of the machine that jobs ask for: each boot is a namespace with another boot id, each restart a SIGKILL. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Agent } from '../disk/traced-agent.ts';
import { onCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';
import { canPlayBoards, startBoard } from '../power/board.ts';

test.runIf(canPlayBoards())('a job goes on where the restart it asked for left it', async () => {
  const gateway = await createGateway({ rebootCommand: 'echo asked >> "$(dirname "$0")/asked"' });
  const [before, between, after] = [randomUUID(), randomUUID(), randomUUID()] as const;
  await gateway.boot(before);
  const steps = [
    { operation: 'update-slot' },
    { operation: 'reboot' },
    { operation: 'run-command', parameters: { command: ['true'] } },
  ];
  gateway.cloud.createJob({ jobId: 'update', document: { steps } });
  await expect.poll(gateway.timesAsked).toBe(1);
  expect(gateway.statusOf('update')).toBe('IN_PROGRESS');

  // The same boot: the agent alone was lost, so it asks again, and does nothing else.
  await gateway.boot(before);
  await expect.poll(gateway.timesAsked).toBe(2);
  expect(await gateway.trail()).toEqual(['work 1']);

  await gateway.boot(between);
  await expect.poll(gateway.timesAsked).toBe(3);
  expect(await gateway.trail()).toEqual(['work 1', 'verify 2 kept']);
  await gateway.boot(after);
  const { status, statusDetails } = await gateway.over('update');
  expect(status).toBe('SUCCEEDED');
  expect(statusDetails.detailsMap).toMatchObject({ bootIdBefore: between, bootIdAfter: after });
  expect(await gateway.trail()).toHaveLength(2);
  expect(await gateway.timesAsked()).toBe(3);
});

test.runIf(canPlayBoards())('a restart that is refused fails the job alone', async () => {
  const gateway = await createGateway({ rebootCommand: 'echo "Access denied" >&2; exit 1' });
  await gateway.boot(randomUUID());
  const { status, statusDetails } = await gateway.runJob('refused', { operation: 'reboot', parameters: {} });
  expect(status).toBe('FAILED');
  expect(statusDetails.detailsMap).toMatchObject({
    reasonCode: 'REBOOT_FAILED',
    reason: expect.stringContaining('Access denied'),
  });
  expect((await gateway.runJob('next', { operation: 'system-info' })).status).toBe('SUCCEEDED');
});

test.runIf(canPlayBoards())('a power-off is done when the gateway is on again', async () => {
  const gateway = await createGateway({
    rebootCommand: 'exit 1',
    shutdownCommand: 'echo "$@" >> "$(dirname "$0")/asked"',
  });
  const [before, after] = [randomUUID(), randomUUID()] as const;
  await gateway.boot(before);
  gateway.cloud.createJob({ jobId: 'off', document: { operation: 'shutdown' } });
  await expect.poll(gateway.timesAsked).toBe(1);
  expect(gateway.statusOf('off')).toBe('IN_PROGRESS');
  await gateway.boot(before);
  await expect.poll(gateway.timesAsked).toBe(2);
  await gateway.boot(after);
  const { status, statusDetails } = await gateway.over('off');
  expect(status).toBe('SUCCEEDED');
  expect(statusDetails.detailsMap).toMatchObject({ bootIdBefore: before, bootIdAfter: after });
  expect(await gateway.timesAsked()).toBe(2);
});

const UPDATE_SLOT = `#!/bin/sh
echo "$JOB_PURPOSE $JOB_ATTEMPT$(cat "$JOB_CHECKPOINT_FILE" 2>/dev/null)" >> "$(dirname "$0")/trail"
[ "$JOB_PURPOSE" = verify ] && exit 0
echo " kept" > "$JOB_CHECKPOINT_FILE"
exit 194
`;

async function createGateway({ rebootCommand, shutdownCommand = 'exit 1' }: Record<string, string>) {
  const cloud = await startTestCloud({ things: [THING] });
  const top = await mkdtemp(join(tmpdir(), 'reboot-job-'));
  onTestFinished(() => rm(top, { recursive: true, force: true }));
  const configPath = cloud.things[THING]?.configPath ?? '';
  const config = JSON.parse(await readFile(configPath, 'utf8'));
  const commands = { rebootCommand: [join(top, 'reboot')], shutdownCommand: [join(top, 'poweroff'), 'now'] };
  await writeFile(configPath, JSON.stringify({ ...config, ...commands }));
  await writeProgram(join(top, 'reboot'), `#!/bin/sh\n${rebootCommand}\n`);
  await writeProgram(join(top, 'poweroff'), `#!/bin/sh\n${shutdownCommand}\n`);
  const handlersDir = join(dirname(configPath), 'handlers');
  await mkdir(handlersDir, { recursive: true, mode: 0o700 });
  await writeProgram(join(handlersDir, 'update-slot'), UPDATE_SLOT);
  let agent: Agent | undefined;
  const cutPower = async () => {
    agent?.child.kill('SIGKILL');
    await agent?.ended;
  };
  onTestFinished(cutPower);
  const linesOf = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  return {
    ...onCloud(cloud),
    statusOf: (jobId: string) => onCloud(cloud).describe(jobId).status,
    async boot(bootId: string) {
      await cutPower();
      agent = startBoard({ agent: AGENT_BUNDLE, configPath, bootId, bootIdFile: join(top, 'boot-id') });
    },
    timesAsked: async () => (await linesOf(join(top, 'asked'))).length,
    trail: () => linesOf(join(handlersDir, 'trail')),
  };
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
