/** Whoever tries a job at a desk keeps the computer running. */
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { onCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { installHandlers, startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

const GATEWAY = 'a gateway of the local cloud does not';
const RESTART = `${GATEWAY} restart this computer; set rebootCommand in its config.json to try restarts`;
const POWER_OFF = `${GATEWAY} power this computer off; set shutdownCommand in its config.json to try that`;

test('a job that asks for a restart or a power-off is refused in words', async () => {
  const bin = await mkdtemp(join(tmpdir(), 'no-restart-'));
  onTestFinished(() => rm(bin, { recursive: true, force: true }));
  // The default of the agent: where it is asked after all, it must not be this computer that pays for it.
  await writeProgram(join(bin, 'systemctl'), `#!/bin/sh\ntouch '${bin}/asked'\n`);
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  await writeProgram(join(await installHandlers(configPath, []), 'update-slot'), '#!/bin/sh\nexit 194\n');
  const agent = startAgentProcess(configPath, { PATH: `${bin}:${process.env.PATH}` });
  await agent.line(({ msg }) => msg === 'connected and subscribed');
  for (const [operation, reasonCode, sentence] of [
    ['reboot', 'REBOOT_FAILED', RESTART],
    ['update-slot', 'REBOOT_FAILED', RESTART],
    ['shutdown', 'POWER_OFF_FAILED', POWER_OFF],
  ] as const) {
    const { status, statusDetails } = await onCloud(cloud).runJob(operation, { operation });
    expect(status).toBe('FAILED');
    expect(statusDetails.detailsMap).toMatchObject({ reasonCode, reason: expect.stringMatching(`: ${sentence}$`) });
  }
  expect(await readdir(bin)).toEqual(['systemctl']);
});

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
