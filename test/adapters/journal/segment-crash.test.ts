/**
 * A power cut at every write of a journal's life: while it is made, at each append, and at each step of a compaction.
 * The write under way is dropped, torn by sectors or blocks, or whole; all before it was synced, which is asserted.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../agent/adapters/journal/block-format.ts';
import { entriesOf } from '../../../agent/adapters/journal/journal-state.ts';
import {
  decodeSegment,
  recoverSegments,
  SEGMENT_NAMES,
  type Segment,
} from '../../../agent/adapters/journal/recover-segments.ts';
import type { JournalEntry } from '../../../agent/ports/journal.ts';
import { createModel, finished, live } from '../../contracts/journal-contract.ts';
import { BINDING, createJournalFolder, type JournalFolder } from './journal-folder.ts';
import { createRecordedDisk, type Images, imagesAfter, type RecordedDisk, tornVersions } from './recorded-disk.ts';

const KEEP_FINISHED = 6;
const APPENDS = 170;

interface Moment {
  readonly images: Images;
  /** Appends that had been acknowledged, and must be there; at most one more may be. */
  readonly acknowledged: number;
}

test('one write at most is ever unsynced', async () => {
  const { disk, unsyncedAtWrite } = await recordLife();
  expect(disk.writes.length).toBeGreaterThan(APPENDS);
  expect(new Set(unsyncedAtWrite)).toEqual(new Set([0]));
  expect(disk.writes.every((write) => write.isSynced)).toBe(true);
});

test('a power cut at any write costs nothing acknowledged', async () => {
  const { disk, states } = await recordLife();
  const generations = disk.writes.filter((write) => write.position === 0).length;
  expect(generations).toBeGreaterThan(4 + 2); // two zeroed, two made, and compactions
  const decodeOnce = remembering(decodeSegment);
  let checked = 0;
  for (const { images, acknowledged } of momentsOf(disk)) {
    const recovery = recoverSegments([decodeOnce(images[0]), decodeOnce(images[1])], {
      binding: BINDING,
      keepFinished: KEEP_FINISHED,
    });
    const found = recovery.status === 'read' ? entriesOf(recovery.state) : [];
    expect(['created', 'read']).toContain(recovery.status);
    const allowed = [states[acknowledged], states[acknowledged + 1]].map((state) => JSON.stringify(state));
    expect(allowed).toContain(JSON.stringify(found));
    checked += 1;
  }
  expect(checked).toBeGreaterThan(11 * APPENDS);
});

test('a journal goes on after a power cut at any step', async () => {
  const { disk, states } = await recordLife();
  const folder = await createJournalFolder({ keepFinished: KEEP_FINISHED });
  await mkdir(folder.dir);
  let tried = 0;
  let n = 0;
  for (const { images, acknowledged } of momentsOf(disk)) {
    n += 1;
    if (n % 37 !== 0 || images.includes('absent')) {
      continue; // a sample: each costs a dozen syncs. A folder used over and over cannot be without files again
    }
    tried += 1;
    await layDown(folder, images);
    const first = await folder.open();
    expect([states[acknowledged], states[acknowledged + 1]]).toContainEqual(first.recovered.entries);
    await first.journal.append(live('after the cut', { acknowledged }));
    await folder.cutPower();
    const second = await folder.open();
    expect(second.recovered.entries).toEqual([...first.recovered.entries, live('after the cut', { acknowledged })]);
    await folder.cutPower();
  }
  expect(tried).toBeGreaterThan(50);
});

test('two power cuts in a row mix no attempts', async () => {
  const folder = await createJournalFolder();
  const first = await folder.open();
  await first.journal.append(live('a'));
  const whole = await growthOf(folder, () => first.journal.append(live('b', { text: 'old'.repeat(3_000) })));
  await folder.cutPower();
  // Of three blocks the last two landed. Of the record that follows only the first will: together they would be whole.
  await layDown(folder, withBlocks(whole.before, whole, [1, 2]));

  const second = await folder.open();
  expect(second.recovered.entries).toEqual([live('a')]);
  const next = await growthOf(folder, () => second.journal.append(live('b', { text: 'new'.repeat(3_000) })));
  await folder.cutPower();
  await layDown(folder, withBlocks(next.before, next, [0]));
  expect((await folder.open()).recovered).toEqual({ status: 'read', entries: [live('a')] });
});

/** One life of a journal with entries of one and of many blocks, over several compactions; and its states on the way. */
async function recordLife() {
  const disk = createRecordedDisk();
  const unsyncedAtWrite: number[] = [];
  const folder = await createJournalFolder({
    keepFinished: KEEP_FINISHED,
    openFile: async (path) => {
      const file = await disk.openFile(path);
      return {
        ...file,
        write: (bytes, position) => {
          unsyncedAtWrite.push(disk.writes.filter((write) => !write.isSynced).length);
          return file.write(bytes, position);
        },
      };
    },
  });
  const { journal } = await folder.open();
  const model = createModel(KEEP_FINISHED);
  const states: (readonly JournalEntry[])[] = [[]];
  for (let n = 0; n < APPENDS; n += 1) {
    const body = { n, text: 'x'.repeat(n % 13 === 5 ? 9_000 + n : n) };
    const entry = n % 3 === 0 ? finished(`job-${n % 24}`, body) : live(`job-${n % 11}`, body);
    await journal.append(entry);
    model.append(entry);
    states.push(model.entries());
    disk.acknowledged += 1;
  }
  await journal.close();
  return { disk, states, unsyncedAtWrite };
}

function* momentsOf({ writes }: RecordedDisk): Generator<Moment> {
  let before: Images = ['absent', 'absent'];
  yield { images: before, acknowledged: 0 };
  for (const write of writes) {
    const acknowledged = write.acknowledgedBefore;
    for (const torn of tornVersions(write, before)) {
      yield { images: imagesAfter(before, torn), acknowledged };
    }
    if (typeof before[write.segment] === 'string') {
      // The file is being made: it may have any length.
      for (const length of [0, 1, 4096, 10_000]) {
        yield { images: imagesAfter(before, { ...write, bytes: write.bytes.subarray(0, length) }), acknowledged };
      }
    }
    before = imagesAfter(before, write);
    yield { images: before, acknowledged };
  }
}

/** Most moments differ from the one before in one of the two files only. */
function remembering(decode: typeof decodeSegment): typeof decodeSegment {
  const known = new WeakMap<Buffer, Segment>();
  return (image) => {
    const segment = (typeof image === 'string' ? undefined : known.get(image)) ?? decode(image);
    if (typeof image !== 'string') {
      known.set(image, segment);
    }
    return segment;
  };
}

async function layDown({ dir }: JournalFolder, images: Images): Promise<void> {
  for (const [n, image] of images.entries()) {
    await writeFile(join(dir, SEGMENT_NAMES[n] ?? ''), image);
  }
}

async function readImages({ dir }: JournalFolder): Promise<[Buffer, Buffer]> {
  return [await readFile(join(dir, SEGMENT_NAMES[0])), await readFile(join(dir, SEGMENT_NAMES[1]))];
}

interface Growth {
  readonly before: readonly [Buffer, Buffer];
  readonly after: readonly [Buffer, Buffer];
  readonly segment: 0 | 1;
  /** Where the first block lies that was written. */
  readonly start: number;
}

/** What an append changed in the files. */
async function growthOf(folder: JournalFolder, append: () => Promise<void>): Promise<Growth> {
  const before = await readImages(folder);
  await append();
  const after = await readImages(folder);
  const segment = before[0].equals(after[0]) ? 1 : 0;
  const difference = before[segment].findIndex((byte, at) => byte !== after[segment][at]);
  return { before, after, segment, start: difference - (difference % BLOCK_BYTES) };
}

/** `images`, and of what the append wrote only these of its blocks. */
function withBlocks(images: readonly [Buffer, Buffer], { after, segment, start }: Growth, blocks: readonly number[]) {
  const result: [Buffer, Buffer] = [Buffer.from(images[0]), Buffer.from(images[1])];
  for (const block of blocks) {
    const at = start + block * BLOCK_BYTES;
    after[segment].copy(result[segment], at, at, at + BLOCK_BYTES);
  }
  return result;
}
