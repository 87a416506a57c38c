/** A real agent that finds a journal which it cannot use: what it does, says and leaves alone. `docs/disk.md`. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../agent/adapters/journal/block-format.ts';
import { SEGMENT_NAMES } from '../../agent/adapters/journal/recover-segments.ts';
import { openSegmentJournal } from '../../agent/adapters/journal/segment-journal.ts';
import { onCloud, startAgentAndCloud, THING } from '../fixtures/agent-and-cloud.ts';
import { startAgentProcess } from '../fixtures/agent-process.ts';
import { startTestCloud } from '../fixtures/job-cloud.ts';

const NOOP = { operation: 'system-info' };

test('a journal of a later format is refused with 74 and left alone', async () => {
  const { configPath, dir } = await usedJournal();
  const path = join(dir, SEGMENT_NAMES[1]);
  const image = await readFile(path);
  image.writeUInt16LE(2, 4);
  image.writeUInt32LE(crc32(image.subarray(0, BLOCK_BYTES - 4)), BLOCK_BYTES - 4);
  await writeFile(path, image);
  const before = await contentOf(dir);

  const refused = startAgentProcess(configPath);
  expect((await refused.exited).code).toBe(74);
  expect(refused.log.at(-1)).toMatchObject({
    level: 'fatal',
    msg: 'agent cannot start',
    code: 'JOURNAL_TOO_NEW',
    reason: expect.stringMatching(
      /has format 2, written by a later agent; this one reads up to 1\. Install that agent, or set another stateDir$/,
    ),
  });
  expect(await contentOf(dir)).toEqual(before);
});

test('an entry of a later agent is refused with 74 and kept', async () => {
  const { configPath, dir } = await usedJournal();
  const binding = { thingName: THING, endpoint: 'localhost' };
  const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
  const { journal } = await openSegmentJournal({ dir, binding, bootId: 'boot', clock });
  await journal.append({ id: 'job.1.1', finished: false, body: { v: 1_000, phase: 'dreaming' } });
  await journal.close();
  const before = await contentOf(dir);

  const refused = startAgentProcess(configPath);
  expect((await refused.exited).code).toBe(74);
  expect(refused.log.at(-1)).toMatchObject({
    level: 'fatal',
    code: 'JOURNAL_TOO_NEW',
    reason: expect.stringMatching(/entry of job\.1\.1 cannot be read; .* later version .* install that one again/),
  });
  expect(await contentOf(dir)).toEqual(before);
});

test('a damaged journal is set aside, and what it knew is not run again', async () => {
  const { cloud, agent, configPath, over, runJob } = await startAgentAndCloud();
  await runJob('before', NOOP);
  const trail = join(dirname(configPath), 'trail');
  const command = ['sh', '-c', 'echo run >> "$1"; exec sleep 300', 'sh', trail];
  cloud.createJob({ jobId: 'begun', document: { operation: 'run-command', parameters: { command } } });
  await agent.line(({ msg, jobId }) => msg === 'step started' && jobId === 'begun');
  await expect.poll(() => readFile(trail, 'utf8').catch(() => '')).toBe('run\n');
  agent.child.kill('SIGKILL');
  await agent.exited;
  const dir = await journalDirOf(configPath);
  const path = join(dir, SEGMENT_NAMES[1]);
  const image = await readFile(path);
  image.fill(0xa5, BLOCK_BYTES + 100, BLOCK_BYTES + 200); // the first record
  await writeFile(path, image);

  const next = startAgentProcess(configPath);
  expect(await over('begun')).toMatchObject({
    status: 'FAILED',
    statusDetails: { detailsMap: { reasonCode: 'STATE_LOST' } },
  });
  expect(next.log.find(({ msg }) => msg === 'journal lost: started with a new one')).toMatchObject({
    level: 'error',
    reason: expect.stringMatching(
      /record 1 is damaged, and there are later ones; the files were copied to .*quarantine-1/,
    ),
  });
  expect((await runJob('after', NOOP)).status).toBe('SUCCEEDED');
  expect(await readFile(trail, 'utf8')).toBe('run\n');
  expect((await readFile(join(dir, 'quarantine-1', SEGMENT_NAMES[1]))).equals(image)).toBe(true);
});

test("another gateway's journal is set aside and said to be so", async () => {
  const cloud = await startTestCloud({ things: [THING, 'gw-2'] });
  const [mine = '', other = ''] = [cloud.things[THING]?.configPath, cloud.things['gw-2']?.configPath];
  for (const configPath of [mine, other]) {
    const agent = startAgentProcess(configPath);
    await agent.line(({ msg }) => msg === 'connected and subscribed');
    agent.child.kill('SIGTERM');
    await agent.exited;
  }
  const dir = await journalDirOf(mine);
  const foreign = await journalDirOf(other);
  for (const name of SEGMENT_NAMES) await cp(join(foreign, name), join(dir, name));

  const next = startAgentProcess(mine);
  const { reason } = await next.line(({ msg }) => msg === 'journal lost: started with a new one');
  expect(reason).toMatch(/^it belongs to thing "gw-2" at "localhost"; the files were copied to /);
  expect((await onCloud(cloud).runJob('after', NOOP)).status).toBe('SUCCEEDED');
});

test('a stateDir in which nothing can be made is refused with 74', async () => {
  const cloud = await startTestCloud({ things: [THING] });
  const configPath = cloud.things[THING]?.configPath ?? '';
  const refused = startAgentProcess(configPath, { JOB_AGENT_STATE_DIR: '/proc/job-agent' });
  expect((await refused.exited).code).toBe(74);
  expect(refused.log.at(-1)).toMatchObject({
    code: 'JOURNAL_UNWRITABLE',
    reason: expect.stringMatching(/^stateDir: the folder \/proc\/job-agent cannot be used: ENOENT/),
  });
});

/** A journal that an agent has used and closed. */
async function usedJournal(): Promise<{ configPath: string; dir: string }> {
  const { agent, configPath, runJob } = await startAgentAndCloud();
  await runJob('before', NOOP);
  await agent.line(({ msg }) => msg === 'job execution closed');
  agent.child.kill('SIGTERM');
  await agent.exited;
  return { configPath, dir: await journalDirOf(configPath) };
}

async function journalDirOf(configPath: string): Promise<string> {
  const journals = join(dirname(configPath), 'state', 'journal');
  const [name = ''] = await readdir(journals);
  return join(journals, name);
}

/** Names but for the lock, and the bytes of the two segments in a form that a failed comparison can show. */
async function contentOf(dir: string): Promise<readonly string[]> {
  const images = await Promise.all(SEGMENT_NAMES.map((name) => readFile(join(dir, name))));
  const names = (await readdir(dir)).filter((name) => name !== 'journal.lock').sort();
  return [...names, ...images.map((image) => crc32(image).toString(16))];
}
