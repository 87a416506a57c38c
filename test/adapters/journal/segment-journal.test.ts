import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BLOCK_BYTES, decodeBlock, SEGMENT_BYTES } from '../../../agent/adapters/journal/block-format.ts';
import { SEGMENT_NAMES } from '../../../agent/adapters/journal/recover-segments.ts';
import { finished, live, numbers } from '../../contracts/journal-contract.ts';
import { createJournalFolder } from './journal-folder.ts';
import { watchFiles } from './watched-files.ts';

describe('a new journal', () => {
  test('is two zero-filled files for its owner only', async () => {
    const folder = await createJournalFolder();
    await folder.open();
    expect((await stat(folder.dir)).mode & 0o777).toBe(0o700);
    for (const name of SEGMENT_NAMES) {
      const file = await stat(join(folder.dir, name));
      expect(file.mode & 0o777).toBe(0o600);
      expect(file.size).toBe(SEGMENT_BYTES);
      expect(file.blocks * 512).toBeGreaterThanOrEqual(SEGMENT_BYTES); // written, not a hole
    }
  });

  test('is made in folders that are not there', async () => {
    const folder = await createJournalFolder();
    const dir = join(folder.dir, 'var', 'lib');
    const { recovered } = await folder.open({ dir });
    expect(recovered.status).toBe('created');
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
  });

  test('takes no thing name that a seal cannot hold', async () => {
    const folder = await createJournalFolder();
    const binding = { thingName: 'x'.repeat(5_000), endpoint: 'iot.example.com' };
    await expect(folder.open({ binding })).rejects.toMatchObject({ code: 'JOURNAL_ENTRY_TOO_LARGE' });
    expect((await folder.open()).recovered.status).toBe('created');
  });
});

describe('an append', () => {
  test('is one write of 4 KiB and one sync', async () => {
    const { calls, openFile } = watchFiles();
    const folder = await createJournalFolder({ openFile });
    const { journal } = await folder.open();
    calls.length = 0;
    await journal.append(live('a'));
    await journal.append(live('b'));
    expect(calls).toEqual(['write 4096', 'sync', 'write 4096', 'sync']);
  });

  test('of more than a block is one write too', async () => {
    const { calls, openFile } = watchFiles();
    const folder = await createJournalFolder({ openFile });
    const { journal } = await folder.open();
    calls.length = 0;
    await journal.append(live('a', { text: 'x'.repeat(9_000) }));
    expect(calls).toEqual(['write 12288', 'sync']);
  });

  test('bears boot, clocks and place in its block', async () => {
    const folder = await createJournalFolder();
    const { journal } = await folder.open({
      bootId: '3f0e9a56-5c3c-4c1b-9f0f-0a1b2c3d4e5f',
      clock: { wallMs: () => 1_700_000_000_123, monotonicMs: () => 55.25 },
    });
    await journal.append(live('a', { n: 1 }));
    const segment = await readFile(join(folder.dir, SEGMENT_NAMES[1]));
    expect(decodeBlock(segment.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES))).toMatchObject({
      kind: 'record',
      generation: 2,
      sequence: 1,
      bootId: '3f0e9a56-5c3c-4c1b-9f0f-0a1b2c3d4e5f',
      wallMs: 1_700_000_000_123,
      monotonicMs: 55.25,
      payload: Buffer.from('{"id":"a","finished":false,"body":{"n":1}}'),
    });
  });

  test('never changes the size of a file', async () => {
    const folder = await createJournalFolder();
    const { journal } = await folder.open();
    for (const n of numbers(300)) {
      await journal.append(live(`job-${n % 9}`, { text: 'x'.repeat(n * 10) }));
    }
    const sizes = await Promise.all(SEGMENT_NAMES.map(async (name) => (await stat(join(folder.dir, name))).size));
    expect(sizes).toEqual([SEGMENT_BYTES, SEGMENT_BYTES]);
    expect((await readdir(folder.dir)).sort()).toEqual([...SEGMENT_NAMES, 'journal.lock']);
  });
});

describe('opening a journal that is there', () => {
  test('writes one block, as it was, and syncs it', async () => {
    const { calls, openFile } = watchFiles();
    const folder = await createJournalFolder({ openFile });
    const { journal } = await folder.open();
    await journal.append(live('a'));
    await journal.close();
    const before = await segmentsIn(folder.dir);
    calls.length = 0;
    const again = await folder.open();
    await again.journal.close();
    expect(calls).toEqual(['write 4096', 'sync']);
    expect((await segmentsIn(folder.dir)).equals(before)).toBe(true);
  });

  test.each([0, 1, 62, 63, 64, 65, 130])('%i records long changes nothing in it', async (count) => {
    const folder = await createJournalFolder();
    const { journal } = await folder.open();
    for (const n of numbers(count)) await journal.append(live(`job-${n % 3}`, { n }));
    await journal.close();
    const second = await folder.open();
    const { entries } = second.recovered;
    await second.journal.close();
    const third = await folder.open();
    expect(third.recovered).toEqual({ status: 'read', entries });
    expect(entries).toHaveLength(Math.min(count, 3));
    await third.journal.append(live('more'));
    await third.journal.close();
    expect((await folder.open()).recovered.entries).toEqual([...entries, live('more')]);
  });

  test.each(['write 1', 'sync 1'])('finds out at %s that the device has failed', async (call) => {
    const { failures, openFile } = watchFiles();
    const folder = await createJournalFolder();
    const { journal } = await folder.open();
    await journal.append(live('a'));
    await journal.close();
    failures.set(call, 'EIO: i/o error');
    await expect(folder.open({ openFile })).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringContaining('EIO: i/o error'),
    });
    expect((await folder.open()).recovered).toEqual({ status: 'read', entries: [live('a')] });
  });
});

test('finished entries that do not fit go oldest first', async () => {
  const folder = await createJournalFolder();
  const { journal } = await folder.open();
  await journal.append(live('kept', { text: 'x'.repeat(20_000) }));
  for (const n of numbers(250)) {
    await journal.append(finished(`job-${n}`, { text: 'x'.repeat(1_500) }));
  }
  await folder.cutPower();
  const ids = (await folder.open()).recovered.entries.map(({ id }) => id);
  const jobs = ids.slice(1);
  expect(ids[0]).toBe('kept');
  expect(jobs.length).toBeGreaterThan(60);
  expect(jobs.length).toBeLessThan(130);
  expect(jobs).toEqual(numbers(jobs.length).map((n) => `job-${250 - jobs.length + n}`));
});

describe('a failing disk', () => {
  test.each([
    { call: 'write', nth: 1 },
    { call: 'sync', nth: 1 },
    { call: 'write', nth: 20 },
    { call: 'sync', nth: 20 },
    { call: 'write', nth: 64 }, // the snapshot
    { call: 'sync', nth: 64 },
    { call: 'write', nth: 65 }, // its seal
    { call: 'sync', nth: 65 },
    { call: 'write', nth: 66 },
  ])('at $call $nth ends the journal, and costs nothing acknowledged', async ({ call, nth }) => {
    const { calls, failures, openFile } = watchFiles();
    const folder = await createJournalFolder({ openFile });
    const { journal } = await folder.open();
    failures.set(`${call} ${nth}`, 'EIO: i/o error');
    calls.length = 0;
    let acknowledged = 0;
    const failure = await appendUntilFailure(journal, (n) => {
      acknowledged = n;
    });
    expect(failure).toMatchObject({
      name: 'JournalError',
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringContaining('EIO: i/o error'),
    });

    const callsAtFailure = calls.length;
    await expect(journal.append(live('later'))).rejects.toBe(failure);
    expect(calls.length).toBe(callsAtFailure); // above all: no second sync
    await journal.close();
    const { entries } = (await folder.open()).recovered;
    const before = acknowledged === 0 ? [] : [live('a', { n: acknowledged })];
    expect([before, [live('a', { n: acknowledged + 1 })]]).toContainEqual(entries);
  });

  test('fails every append that waits behind', async () => {
    const { failures, openFile } = watchFiles();
    const folder = await createJournalFolder({ openFile });
    const { journal } = await folder.open();
    failures.set('sync 2', 'EIO: i/o error');
    const ends = await Promise.allSettled(numbers(5).map((n) => journal.append(live(`job-${n}`))));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'rejected']);
  });

  test.each([
    { nth: 1, status: 'created' },
    { nth: 2, status: 'created' },
    { nth: 3, status: 'created' },
    { nth: 4, status: 'read' }, // both seals are written
  ])('at sync $nth of the making leaves nothing locked', async ({ nth, status }) => {
    const { failures, openFile } = watchFiles();
    const folder = await createJournalFolder();
    failures.set(`sync ${nth}`, 'ENOSPC: no space left on device');
    await expect(folder.open({ openFile })).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringContaining(`${folder.dir} cannot be used: ENOSPC`),
    });
    expect((await folder.open()).recovered).toEqual({ status, entries: [] });
  });
});

describe('a place that will not do', () => {
  test('is named with the reason: a file for a folder', async () => {
    const folder = await createJournalFolder();
    await writeFile(folder.dir, '');
    await expect(folder.open()).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringMatching(`${folder.dir} cannot be used: ENOTDIR`),
    });
  });

  test('is named with the reason: a folder that cannot be', async () => {
    const folder = await createJournalFolder();
    await expect(folder.open({ dir: '/proc/job-agent' })).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringMatching(/\/proc\/job-agent cannot be used: ENOENT/),
    });
  });

  test.each([
    { what: 'a symbolic link', make: (path: string) => symlink('/etc/hostname', path), reason: 'ELOOP' },
    { what: 'a folder', make: (path: string) => mkdir(path), reason: 'EISDIR' },
    { what: 'a pipe', make: makePipe, reason: 'ESPIPE' },
  ])('has $what for a segment', async ({ make, reason }) => {
    const folder = await createJournalFolder();
    await mkdir(folder.dir);
    await make(join(folder.dir, SEGMENT_NAMES[1]));
    await expect(folder.open()).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: expect.stringContaining(reason),
    });
  });
});

async function appendUntilFailure(
  journal: { append(entry: ReturnType<typeof live>): Promise<void> },
  onAcknowledged: (n: number) => void,
): Promise<unknown> {
  for (let n = 1; n < 100; n += 1) {
    try {
      await journal.append(live('a', { n }));
    } catch (error) {
      return error;
    }
    onAcknowledged(n);
  }
  return undefined;
}

async function segmentsIn(dir: string): Promise<Buffer> {
  return Buffer.concat(await Promise.all(SEGMENT_NAMES.map((name) => readFile(join(dir, name)))));
}

async function makePipe(path: string): Promise<void> {
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  await chmod(path, 0o600);
}
