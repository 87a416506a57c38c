/** Writes records and generations into the two segments, in the order that makes a cut at any moment harmless. */
import type { Clock } from '../../ports/clock.ts';
import { type JournalBinding, JournalError } from '../../ports/journal.ts';
import { BLOCK_BYTES, encodeRecord, PAYLOAD_BYTES, type RecordHeader, SEGMENT_BYTES } from './block-format.ts';
import { encodeSnapshot, type JournalState } from './journal-state.ts';
import type { SealPayload } from './read-generation.ts';
import type { SegmentNumber, WritePosition } from './recover-segments.ts';
import type { SegmentFile } from './segment-file.ts';

export interface SegmentWriter {
  /** @returns where the next record goes, once this one is on the device. */
  writeRecord(at: WritePosition, payload: Buffer): Promise<WritePosition>;
  /** Writes the block for the next record as `image` has it: nothing that counts is there, and nothing changes. */
  rewriteBlock(at: WritePosition, image: Buffer): Promise<void>;
  /** Fills the segment with the snapshot of `state`, syncs it, then seals it. @returns where its first record goes. */
  writeGeneration(segment: SegmentNumber, generation: number, state: JournalState): Promise<WritePosition>;
  /** Written, not only allocated: an unwritten extent would cost a metadata commit at its first use. */
  zeroFill(segment: SegmentNumber): Promise<void>;
}

export interface SegmentWriterOptions {
  readonly files: readonly [SegmentFile, SegmentFile];
  readonly journalId: string;
  readonly binding: JournalBinding;
  readonly bootId: string;
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
}

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { files, journalId, binding, bootId, clock } = options;

  async function put(segment: SegmentNumber, block: number, bytes: Buffer): Promise<void> {
    await files[segment].write(bytes, block * BLOCK_BYTES);
    await files[segment].sync();
  }

  function encode(header: Pick<RecordHeader, 'kind' | 'generation' | 'sequence'>, payload: Buffer): Buffer {
    return encodeRecord({ ...header, bootId, monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }, payload);
  }

  return {
    async writeRecord(at, payload) {
      const { segment, generation, sequence, block } = at;
      const bytes = encode({ kind: 'record', generation, sequence }, payload);
      await put(segment, block, bytes);
      return { ...at, sequence: sequence + 1, block: block + bytes.length / BLOCK_BYTES };
    },

    rewriteBlock: ({ segment, block }, image) =>
      put(segment, block, image.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)),

    async writeGeneration(segment, generation, state) {
      const none = Buffer.alloc(0);
      const header = { kind: 'snapshot', generation, sequence: 0 } as const;
      const snapshot = state.kept.size === 0 ? none : encode(header, encodeSnapshot(state));
      const snapshotBlocks = snapshot.length / BLOCK_BYTES;
      const seal = encode({ ...header, kind: 'seal' }, encodeSeal({ journalId, ...binding, snapshotBlocks }));
      if (snapshotBlocks > 0) {
        await put(segment, 1, snapshot);
      }
      await put(segment, 0, seal);
      return { segment, generation, sequence: 1, block: 1 + snapshotBlocks };
    },

    zeroFill: (segment) => put(segment, 0, Buffer.alloc(SEGMENT_BYTES)),
  };
}

function encodeSeal({ journalId, thingName, endpoint, snapshotBlocks }: SealPayload): Buffer {
  const payload = Buffer.from(JSON.stringify({ journalId, thingName, endpoint, snapshotBlocks }));
  if (payload.length > PAYLOAD_BYTES) {
    const message = `thingName and endpoint must fit ${PAYLOAD_BYTES} bytes together; they have ${payload.length}`;
    throw new JournalError('JOURNAL_ENTRY_TOO_LARGE', message);
  }
  return payload;
}
