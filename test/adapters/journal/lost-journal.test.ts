import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../agent/adapters/journal/block-format.ts';
import { SEGMENT_NAMES } from '../../../agent/adapters/journal/recover-segments.ts';
import { live, numbers } from '../../contracts/journal-contract.ts';
import { createJournalFolder, type JournalFolder } from './journal-folder.ts';
import { watchFiles } from './watched-files.ts';

describe('a lost journal', () => {
  test('is copied aside, and a new one begun', async () => {
    const folder = await createJournalFolder();
    const before = await damagedJournal(folder);
    const { journal, recovered } = await folder.open();
    const place = join(folder.dir, 'quarantine-1');
    expect(recovered).toEqual({
      status: 'lost',
      entries: [],
      reason: `journal-b.log, generation 2: record 2 is damaged, and there are later ones; the files were copied to ${place}`,
    });
    for (const [n, name] of SEGMENT_NAMES.entries()) {
      expect((await readFile(join(place, name))).equals(before[n] ?? Buffer.alloc(0))).toBe(true);
      expect((await stat(join(place, name))).mode & 0o777).toBe(0o600);
    }
    await journal.append(live('new'));
    await journal.close();
    expect((await folder.open()).recovered).toEqual({ status: 'read', entries: [live('new')] });
  });

  test('is kept aside three times at most', async () => {
    const folder = await createJournalFolder();
    for (const n of numbers(5)) {
      await folder.open({ binding: { thingName: `gateway-${n}`, endpoint: 'iot.example.com' } });
      await folder.cutPower();
    }
    const names = (await readdir(folder.dir)).filter((name) => name.startsWith('quarantine'));
    expect(names.sort()).toEqual(['quarantine-2', 'quarantine-3', 'quarantine-4']);
  });

  test('does not keep the agent down where no copy is possible', async () => {
    const folder = await createJournalFolder();
    await damagedJournal(folder);
    await mkdir(join(folder.dir, 'quarantine-1'));
    await writeFile(join(folder.dir, 'quarantine-2'), '');
    await mkdir(join(folder.dir, `quarantine-${Number.MAX_SAFE_INTEGER + 1}`)); // the next number is the same
    const { journal, recovered } = await folder.open();
    expect(recovered).toMatchObject({
      status: 'lost',
      reason: expect.stringContaining('could not be set aside: EEXIST'),
    });
    await journal.append(live('new'));
  });

  test.each([
    { what: 'one file is gone', image: undefined },
    { what: 'one file is cut short', image: Buffer.alloc(5_000, 'x') },
  ])('is whole again after $what', async ({ image }) => {
    const folder = await createJournalFolder();
    const { journal } = await folder.open();
    await journal.append(live('a'));
    await journal.close();
    const path = join(folder.dir, SEGMENT_NAMES[0]);
    await (image === undefined ? rm(path) : writeFile(path, image));
    const second = await folder.open();
    expect(second.recovered.status).toBe('lost');
    await second.journal.append(live('b'));
    await folder.cutPower();
    expect((await folder.open()).recovered).toEqual({ status: 'read', entries: [live('b')] });
  });

  test('stays lost if power goes before the new one is sealed', async () => {
    const { failures, openFile } = watchFiles();
    const folder = await createJournalFolder();
    await damagedJournal(folder);
    failures.set('write 1', 'EIO: i/o error');
    await expect(folder.open({ openFile })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' });
    expect((await folder.open()).recovered.status).toBe('lost');
  });
});

test('a journal of a later format is left as it is', async () => {
  const folder = await createJournalFolder();
  const { journal } = await folder.open();
  await journal.append(live('a'));
  await journal.close();
  const path = join(folder.dir, SEGMENT_NAMES[1]);
  const image = await readFile(path);
  image.writeUInt16LE(2, 4);
  image.writeUInt32LE(crc32(image.subarray(0, BLOCK_BYTES - 4)), BLOCK_BYTES - 4);
  await writeFile(path, image);
  const names = await readdir(folder.dir);

  await expect(folder.open()).rejects.toMatchObject({
    name: 'JournalError',
    code: 'JOURNAL_TOO_NEW',
    message: expect.stringMatching(/has format 2, .* reads up to 1/),
  });
  expect((await readFile(path)).equals(image)).toBe(true);
  expect(await readdir(folder.dir)).toEqual(names);
});

/** A journal of three entries whose second is damaged. @returns the two files. */
async function damagedJournal(folder: JournalFolder): Promise<readonly Buffer[]> {
  const { journal } = await folder.open();
  for (const n of numbers(3)) {
    await journal.append(live(`job-${n}`));
  }
  await journal.close();
  const path = join(folder.dir, SEGMENT_NAMES[1]);
  const image = await readFile(path);
  image.fill(0xff, 2 * BLOCK_BYTES + 512, 2 * BLOCK_BYTES + 1_024);
  await writeFile(path, image);
  return [await readFile(join(folder.dir, SEGMENT_NAMES[0])), image];
}
