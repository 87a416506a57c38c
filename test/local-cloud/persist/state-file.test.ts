import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  encodeStateFile,
  readStateFile,
  stateFilePath,
  UnusableStateFile,
  writeStateFile,
} from '../../../local-cloud/persist/state-file.ts';
import { keepState } from '../../../local-cloud/persist/state-store.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';
import { createLogLines } from '../../fixtures/log-lines.ts';

const STATE = { clockOffsetMs: 5, nodes: [{ object: { a: 1 } }] };

test('what was written is read again', async () => {
  const path = stateFilePath(await emptyFolder());
  expect(await readStateFile(path)).toBeUndefined();
  await writeStateFile(path, encodeStateFile(STATE));
  expect(await readStateFile(path)).toEqual(STATE);
});

test('only its owner may read it, also where a draft of another mode was left behind', async () => {
  const path = stateFilePath(await emptyFolder());
  await writeFile(`${path}.new`, 'half a dra');
  await chmod(`${path}.new`, 0o644);
  await writeStateFile(path, encodeStateFile(STATE));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readStateFile(path)).toEqual(STATE);
});

const whole = encodeStateFile(STATE);

test.each([
  ['empty', '', 'is damaged: it is not JSON'],
  ['torn', whole.slice(0, -20), 'is damaged: it is not JSON'],
  ['foreign', '{"name":"package"}', 'is not a state of job-cloud'],
  ['no object', '[]', 'is not a state of job-cloud'],
  ['newer', whole.replace('"version":1', '"version":2'), 'is of a newer job-cloud: its version is 2, this one reads 1'],
  ['older', whole.replace('"version":1', '"version":0'), 'is of another job-cloud: its version is 0'],
  ['edited', whole.replace('"a":1', '"a":2'), 'was edited: its digest is another'],
  ['without state', '{"format":"job-cloud state","version":1}', 'was edited: its digest is another'],
  ['hollow', encodeStateFile({} as typeof STATE), 'members of its state are missing'],
  ['no graph', encodeStateFile({ clockOffsetMs: 0, nodes: [1] }), 'is damaged: a node is of no known kind'],
  [
    'another graph',
    encodeStateFile({ clockOffsetMs: 0, nodes: [{ object: { things: 1 } }] }),
    'is damaged: state.things is of another kind',
  ],
])('with a file that is %s the cloud does not start, names it and leaves it as it is', async (_what, text, reason) => {
  const dataDir = await emptyFolder();
  const path = stateFilePath(dataDir);
  await writeFile(path, text);
  const starting = startTestCloud({ dataDir, persist: true });
  await expect(starting).rejects.toThrow(UnusableStateFile);
  await expect(starting).rejects.toThrow(`${path} `);
  await expect(starting).rejects.toThrow(reason);
  await expect(starting).rejects.toThrow('Move it away to begin with nothing, or start without --persist');
  expect(await readFile(path, 'utf8')).toBe(text);
});

test('a file that cannot be read is named', async () => {
  const dataDir = await emptyFolder();
  await mkdir(stateFilePath(dataDir));
  await expect(startTestCloud({ dataDir, persist: true })).rejects.toThrow(/jobs-state\.json cannot be read: EISDIR/);
});

test('without --persist nothing is read and nothing written', async () => {
  const dataDir = await emptyFolder();
  await writeFile(stateFilePath(dataDir), 'not ours');
  const cloud = await startTestCloud({ dataDir });
  cloud.createJob({ jobId: 'a' });
  await cloud.close();
  expect(await readFile(stateFilePath(dataDir), 'utf8')).toBe('not ours');
});

test('a write that fails is told as an error, and the end fails when the last one does', async () => {
  const folder = await emptyFolder();
  const path = join(folder, 'gone', 'jobs-state.json');
  const { log, lines } = createLogLines();
  const store = keepState({ path, log, snapshot: () => STATE });
  store.touched();
  await expect(store.close()).rejects.toThrow('ENOENT');
  expect(lines).toMatchObject([{ level: 50, path, err: { code: 'ENOENT' } }]);
  await mkdir(join(folder, 'gone'));
  await store.close();
  expect(await readStateFile(path)).toEqual(STATE);
});

test('a state that did not change is not written again', async () => {
  const path = stateFilePath(await emptyFolder());
  const { log, lines } = createLogLines();
  const store = keepState({ path, log, snapshot: () => STATE });
  store.touched();
  await store.close();
  store.touched();
  await store.close();
  expect(lines.filter(({ msg }) => msg === 'state written')).toHaveLength(1);
  expect(await readdir(join(path, '..'))).toEqual(['jobs-state.json']);
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'job-cloud-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
