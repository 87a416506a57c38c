import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BLOCK_BYTES,
  encodeRecord,
  type RecordHeader,
  SEGMENT_BYTES,
} from '../../../agent/adapters/journal/block-format.ts';
import { entriesOf } from '../../../agent/adapters/journal/journal-state.ts';
import { decodeSegment, recoverSegments, type SegmentImage } from '../../../agent/adapters/journal/recover-segments.ts';
import { live } from '../../contracts/journal-contract.ts';
import { RECOVERY_OPTIONS as OPTIONS, writeJournal } from './written-journal.ts';

const EMPTY = JSON.stringify([]);

describe('damage', () => {
  test('to the last record drops it, as a cut write', async () => {
    const { images, states, log } = await writeJournal(5);
    damage(images[log], 5);
    expect(recover(images)).toEqual({ status: 'read', clean: false, entries: states[4] });
  });

  test('to an earlier record loses the journal', async () => {
    const { images, log } = await writeJournal(5);
    damage(images[log], 3);
    expect(recover(images)).toEqual({
      status: 'lost',
      reason: 'journal-b.log, generation 2: record 3 is damaged, and there are later ones',
    });
  });

  test.each([1, 2, 3])('to block %i of a record of three drops the record', async (part) => {
    const { images, states, log } = await writeJournal(4, { last: live('big', { text: 'x'.repeat(9_000) }) });
    damage(images[log], 4 + part);
    expect(recover(images)).toEqual({ status: 'read', clean: false, entries: states[4] });
  });

  test('that swaps two blocks of a record drops it', async () => {
    const { images, states, log } = await writeJournal(4, { last: live('big', { text: 'x'.repeat(9_000) }) });
    const image = images[log];
    const block = Buffer.from(image.subarray(5 * BLOCK_BYTES, 6 * BLOCK_BYTES));
    image.copy(image, 5 * BLOCK_BYTES, 6 * BLOCK_BYTES, 7 * BLOCK_BYTES);
    block.copy(image, 6 * BLOCK_BYTES);
    expect(recover(images)).toEqual({ status: 'read', clean: false, entries: states[4] });
  });

  test('is written over last, under a generation of its own', async () => {
    const { images, log } = await writeJournal(75);
    damage(images[log], 1);
    expect(recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], OPTIONS)).toMatchObject({
      status: 'lost',
      firstSegment: log === 0 ? 1 : 0,
      nextGeneration: 4,
    });
  });

  test('to a seal does not free its generation', async () => {
    const { images, log } = await writeJournal(64);
    damage(images[log], 0);
    expect(recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], OPTIONS)).toMatchObject({
      status: 'read',
      position: { generation: 2 },
      nextGeneration: 4,
    });
  });

  test('to the snapshot loses the journal', async () => {
    const { images, log } = await writeJournal(75);
    damage(images[log], 1);
    expect(recover(images)).toEqual({
      status: 'lost',
      reason: 'the snapshot of generation 3 in journal-a.log is damaged',
    });
  });

  test('to a seal that has records loses the journal', async () => {
    const { images, log } = await writeJournal(75);
    damage(images[log], 0);
    expect(recover(images)).toEqual({
      status: 'lost',
      reason: 'the seal of a later generation than 2, which has records, is damaged',
    });
  });

  test('to a seal that has none goes back to the one before', async () => {
    const { images, states, log } = await writeJournal(64);
    expect(log).toBe(0);
    damage(images[0], 0);
    expect(recover(images)).toEqual({ status: 'read', clean: true, entries: states[63] });
  });

  test('to both seals loses the journal', async () => {
    const { images } = await writeJournal(5);
    damage(images[0], 0);
    damage(images[1], 0);
    expect(recover(images)).toEqual({ status: 'lost', reason: 'no generation is sealed' });
  });

  test('to the snapshot of an unsealed generation is passed over', async () => {
    const { images, states, log } = await writeJournal(64);
    expect(log).toBe(0);
    damage(images[0], 0);
    damage(images[0], 1);
    expect(recover(images)).toEqual({ status: 'read', clean: true, entries: states[63] });
  });

  test('of any kind, anywhere, makes up nothing', async () => {
    const { images, states } = await writeJournal(75);
    const allowed = new Set(states.map((state) => JSON.stringify(state)));
    const wound = fc.record({
      segment: fc.constantFrom(0 as const, 1 as const),
      at: fc.nat(SEGMENT_BYTES - 1),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.constantFrom(512, 4_096, 20_000).map((length) => new Uint8Array(length)),
        fc.constantFrom(512, 4_096, 20_000).map((length) => new Uint8Array(length).fill(0xff)),
      ),
    });
    fc.assert(
      fc.property(fc.array(wound, { minLength: 1, maxLength: 4 }), (wounds) => {
        const hurt = images.map((image) => Buffer.from(image)) as [Buffer, Buffer];
        for (const { segment, at, bytes } of wounds) {
          hurt[segment].set(bytes.subarray(0, SEGMENT_BYTES - at), at);
        }
        const recovery = recoverSegments([decodeSegment(hurt[0]), decodeSegment(hurt[1])], OPTIONS);
        expect(['read', 'lost']).toContain(recovery.status);
        const found = recovery.status === 'read' ? JSON.stringify(entriesOf(recovery.state)) : EMPTY;
        expect(allowed).toContain(found);
      }),
      { numRuns: 400 },
    );
  });
});

describe('two files', () => {
  test.each([
    { what: 'absent', images: ['absent', 'absent'] as const },
    { what: 'empty', images: [Buffer.alloc(0), 'absent'] as const },
    { what: 'short and zero', images: [Buffer.alloc(10_000), Buffer.alloc(5)] as const },
    { what: 'whole and zero', images: [Buffer.alloc(SEGMENT_BYTES), Buffer.alloc(SEGMENT_BYTES)] as const },
  ])('$what are no journal yet', ({ images }) => {
    expect(recover(images)).toEqual({ status: 'created' });
  });

  test('with one seal and nothing else are no journal yet', async () => {
    const { images } = await writeJournal(0);
    expect(recover([images[0], Buffer.alloc(SEGMENT_BYTES)])).toEqual({ status: 'created' });
    damage(images[1], 0);
    expect(recover(images)).toEqual({ status: 'created' });
  });

  test('with the seal of a snapshot that is gone are lost', async () => {
    const { images, log } = await writeJournal(64);
    expect(log).toBe(0);
    images[0].fill(0, BLOCK_BYTES);
    images[1].fill(0, BLOCK_BYTES);
    damage(images[1], 0);
    expect(recover(images)).toMatchObject({ status: 'lost', reason: expect.stringContaining('snapshot') });
  });

  test('with two seals and nothing else are an empty journal', async () => {
    const { images } = await writeJournal(0);
    expect(recover(images)).toEqual({ status: 'read', clean: true, entries: [] });
  });

  test.each([
    { what: 'missing', image: 'absent' as const, reason: 'journal-a.log is absent' },
    { what: 'unreadable', image: 'unreadable' as const, reason: 'journal-a.log is unreadable' },
    { what: 'wiped', image: Buffer.alloc(SEGMENT_BYTES), reason: 'journal-a.log has been wiped' },
    { what: 'empty', image: Buffer.alloc(0), reason: 'journal-a.log has been cut short' },
  ])('of which the older is $what are a lost journal', async ({ image, reason }) => {
    const { images } = await writeJournal(5);
    expect(recover([image, images[1]])).toEqual({ status: 'lost', reason });
  });

  test('of which the newer is cut short are a lost journal', async () => {
    const { images } = await writeJournal(5);
    expect(recover([images[0], images[1].subarray(0, SEGMENT_BYTES - 1)])).toEqual({
      status: 'lost',
      reason: 'journal-b.log has been cut short',
    });
  });

  test('of the same generation are a lost journal', async () => {
    const { images } = await writeJournal(5);
    expect(recover([images[1], images[1]])).toEqual({ status: 'lost', reason: 'both segments claim generation 2' });
  });

  test('of text are a lost journal', () => {
    const text = Buffer.alloc(SEGMENT_BYTES, 'Dear diary, ');
    expect(recover([text, text])).toEqual({ status: 'lost', reason: 'no generation is sealed' });
  });

  test('with a record where the seal belongs are lost', async () => {
    const { images, log } = await writeJournal(5);
    images[log].copy(images[log], 0, BLOCK_BYTES, 2 * BLOCK_BYTES);
    expect(recover(images)).toEqual({ status: 'lost', reason: 'the seal of journal-b.log has been overwritten' });
  });

  test('longer than a segment are read up to its end', async () => {
    const { images, states } = await writeJournal(5);
    const longer = images.map((image) => Buffer.concat([image, Buffer.alloc(5_000, 'x')])) as [Buffer, Buffer];
    expect(recover(longer)).toEqual({ status: 'read', clean: true, entries: states[5] });
  });

  test('with a whole block of a later version are too new', async () => {
    const { images } = await writeJournal(5);
    images[0].writeUInt16LE(9, 4);
    images[0].writeUInt32LE(crc32(images[0].subarray(0, BLOCK_BYTES - 4)), BLOCK_BYTES - 4);
    expect(recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], OPTIONS)).toEqual({
      status: 'too-new',
      version: 9,
    });
  });
});

describe('a whole block that we did not write', () => {
  test.each([
    'null',
    '[]',
    '{"id":1,"finished":false,"body":{}}',
    '{"id":"a","finished":0,"body":{}}',
    '{"id":"a","finished":true,"body":[]}',
    '{"id":"a","finished":true}',
    'x',
    '',
  ])('with the payload %j is never an entry', async (payload) => {
    const { images, log } = await writeJournal(3);
    encodeRecord(header({ sequence: 4 }), Buffer.from(payload)).copy(images[log], 4 * BLOCK_BYTES);
    expect(recover(images)).toEqual({
      status: 'lost',
      reason: 'journal-b.log, generation 2: record 4 is not an entry',
    });
  });

  test.each(['null', '{}', '[1]', '[[]]', '[["1",{"id":"a","finished":true,"body":{}}]]', '[[1,{}]]'])(
    'with the payload %j is never a snapshot',
    async (payload) => {
      const { images, log } = await writeJournal(64);
      encodeRecord(header({ kind: 'snapshot', generation: 3, sequence: 0 }), Buffer.from(payload)).copy(
        images[log],
        BLOCK_BYTES,
      );
      expect(recover(images)).toMatchObject({ status: 'lost', reason: expect.stringContaining('snapshot') });
    },
  );

  test.each([
    'null',
    '{}',
    '{"journalId":"x","thingName":"gateway-1","endpoint":"iot.example.com","snapshotBlocks":64}',
  ])('with the payload %j is never a seal', async (payload) => {
    const { images, log } = await writeJournal(3);
    encodeRecord(header({ kind: 'seal', sequence: 0 }), Buffer.from(payload)).copy(images[log], 0);
    expect(recover(images)).toMatchObject({ status: 'lost', reason: 'the seal of journal-b.log has been overwritten' });
  });
});

function header(changes: Partial<RecordHeader>): RecordHeader {
  return { kind: 'record', generation: 2, sequence: 1, bootId: 'boot-1', monotonicMs: 0, wallMs: 0, ...changes };
}

function recover(images: readonly [SegmentImage, SegmentImage]) {
  const recovery = recoverSegments([decodeSegment(images[0]), decodeSegment(images[1])], OPTIONS);
  switch (recovery.status) {
    case 'read':
      return { status: recovery.status, clean: recovery.clean, entries: entriesOf(recovery.state) };
    case 'lost':
      return { status: recovery.status, reason: recovery.reason };
    default:
      return { status: recovery.status };
  }
}

function damage(image: Buffer, block: number): void {
  image.fill(0xa5, block * BLOCK_BYTES + 100, block * BLOCK_BYTES + 120);
}
