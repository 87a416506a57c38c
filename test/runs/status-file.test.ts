import { appendFile, type FileHandle, mkdtemp, open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followStatusFile, type StatusFile } from '../../agent/runs/status-file.ts';
import { createProgressProbe } from '../fixtures/step-handlers/step-runner-setup.ts';

let folder: string;
let path: string;
let file: FileHandle;
let status: StatusFile;
let probe: ReturnType<typeof createProgressProbe>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'status-file-'));
  path = join(folder, 'status');
  file = await open(path, 'wx+');
  probe = createProgressProbe();
  status = followStatusFile({ path, file, onDetails: probe.onProgress });
});
afterEach(async () => {
  await status.finish();
  await file.close();
  await rm(folder, { recursive: true, force: true });
});

test('an appended line is told at once', async () => {
  await appendFile(path, 'percent=10\n');
  expect(await probe.until(({ percent }) => percent === '10')).toEqual({ percent: '10' });
});

test('keys add up, the last value of each wins', async () => {
  await appendFile(path, 'a=1\nb=2\na=3\n');
  await status.finish();
  expect(status.details()).toEqual({ a: '3', b: '2' });
});

test('half a line waits for its end', async () => {
  await appendFile(path, 'first=1\nsecond=ha');
  await probe.until(({ first }) => first === '1');
  await appendFile(path, 'lf\n');
  await probe.until(({ second }) => second === 'half');
  expect(probe.heard.filter(({ second }) => second === 'ha')).toEqual([]);
});

test('a last line without an end counts', async () => {
  await appendFile(path, 'state=done');
  await status.finish();
  expect(status.details()).toEqual({ state: 'done' });
});

test.each([
  ['a carriage return before the line feed', 'state=done\r\n', 'done'],
  ['two carriage returns', 'state=done\r\r\n', 'done\r'],
  ['a carriage return and no line feed', 'state=done\r', 'done'],
  ['a carriage return within', 'state=a\rb\n', 'a\rb'],
  ['a line separator', 'state=a\u2028b\n', 'a\u2028b'],
  ['a paragraph separator', 'state=\u2029b\n', '\u2029b'],
])('a value with %s is told', async (_, line, state) => {
  await appendFile(path, line);
  await status.finish();
  expect(status.details()).toEqual({ state });
});

test.each(['no equals sign', '=no key', 'key with space=1', `${'k'.repeat(129)}=1`, 'ü=1', `long=${'x'.repeat(4096)}`])(
  'the line %j is passed over',
  async (line) => {
    await appendFile(path, `${line}\nafter=1\n`);
    await status.finish();
    expect(status.details()).toEqual({ after: '1' });
    expect(status.passedOver()?.count).toBe(1);
  },
);

test('the same value again is not told again', async () => {
  await appendFile(path, 'a=1\n');
  await probe.until(({ a }) => a === '1');
  await appendFile(path, 'a=1\n');
  await appendFile(path, 'end=1\n');
  await probe.until(({ end }) => end === '1');
  expect(probe.heard).toHaveLength(2);
});

test('appends faster than they are read cost few reads', async () => {
  const counted = { stats: 0, inFlight: 0, most: 0 };
  await followThrough({
    async stat() {
      counted.stats += 1;
      counted.inFlight += 1;
      counted.most = Math.max(counted.most, counted.inFlight);
      const stats = await file.stat();
      counted.inFlight -= 1;
      return stats;
    },
  });
  for (let i = 1; i <= 500; i++) await appendFile(path, `count=${i}\n`);
  await status.finish();
  expect(status.details()).toEqual({ count: '500' });
  expect(counted.most).toBe(1);
  expect(counted.stats).toBeLessThan(50);
});

test('what comes while a large file is read is told', async () => {
  let isFirst = true;
  await followThrough({
    async read(buffer: Buffer, offset: number, length: number, position: number) {
      const read = await file.read(buffer, offset, length, position);
      if (isFirst) await appendFile(path, 'state=done\n');
      isFirst = false;
      return read;
    },
  });
  await appendFile(path, 'percent=1\n'.repeat(10_000));
  await probe.until(({ state }) => state === 'done');
});

test('a line cut at its front is no line', async () => {
  await appendFile(path, `${'longer-name-x=12\n'.repeat(10_000)}end=1\n`); // the last 64 KiB begin with `r-name-x`
  await status.finish();
  expect(status.details()).toEqual({ 'longer-name-x': '12', end: '1' });
});

test('a flood is bounded on disk and in keys', async () => {
  for (let i = 0; i < 40; i++) await appendFile(path, `key${i}=${i}\n${'x'.repeat(16_000)}\n`);
  await appendFile(path, 'key0=last\n');
  await probe.until(({ key0 }) => key0 === 'last');
  expect(Object.keys(status.details()).length).toBeLessThanOrEqual(32);
  await expect.poll(async () => (await stat(path)).size).toBeLessThan(64 * 1024);
});

test('a file its handler emptied is read from the front', async () => {
  await appendFile(path, 'a=1\nb=1\n');
  await probe.until(({ b }) => b === '1');
  await truncate(path, 0);
  await appendFile(path, 'a=2\n');
  await status.finish();
  expect(status.details()).toEqual({ a: '2', b: '1' });
});

test('another file under the name is not read', async () => {
  await writeFile(join(folder, 'other'), 'stolen=secret\n');
  await rename(join(folder, 'other'), path);
  await status.finish();
  expect(status.details()).toEqual({});
});

/** Follows the file anew, through a handle that does some things as the test says. */
async function followThrough(changes: object): Promise<void> {
  await status.finish();
  const handle = Object.assign(Object.create(file) as FileHandle, {
    stat: () => file.stat(),
    read: (buffer: Buffer, offset: number, length: number, position: number) =>
      file.read(buffer, offset, length, position),
    truncate: (length: number) => file.truncate(length),
    ...changes,
  });
  status = followStatusFile({ path, file: handle, onDetails: probe.onProgress });
}

test('what is passed over is counted, and the first kept', async () => {
  await appendFile(path, 'a b=https://host/f?X-Amz-Signature=abc\n\n \r\nok=1\nno\u001bsign');
  await status.finish();
  expect(status.passedOver()).toEqual({ count: 2, first: '"a b=https://host/f…"' });
});

test('a long line that is passed over is shortened', async () => {
  await appendFile(path, `x=${'y'.repeat(10_000)}\n`);
  await status.finish();
  expect(status.passedOver()).toEqual({ count: 1, first: expect.stringMatching(/^"x=y{57}…"$/) });
});

test('a file of key=value lines passes nothing over', async () => {
  await appendFile(path, 'a=1\r\n\nb=2\n');
  await status.finish();
  expect(status.passedOver()).toBeNull();
});
