import { describe, expect, test } from 'vitest';
import { BLOCK_BYTES, type Block, decodeBlock } from '../../../agent/adapters/journal/block-format.ts';
import { entriesOf } from '../../../agent/adapters/journal/journal-state.ts';
import {
  decodeSegment,
  recoverSegments,
  type Segment,
  type SegmentPair,
} from '../../../agent/adapters/journal/recover-segments.ts';
import { RECOVERY_OPTIONS as OPTIONS, writeJournal } from './written-journal.ts';

describe('every bit of a journal, flipped in turn,', () => {
  test.each([
    { what: 'before a compaction', appends: 14, usedBlocks: 1 + 1 + 14 },
    { what: 'after one', appends: 75, usedBlocks: 1 + 1 + 1 + 11 },
  ])('costs the last entry or the journal, never its truth: $what', async ({ appends, usedBlocks }) => {
    const { images, states, log } = await writeJournal(appends);
    const segments: SegmentPair = [decodeSegment(images[0]), decodeSegment(images[1])];
    const allowed = states.slice(-2).map((state) => JSON.stringify(state));
    const blocks = blocksOf(segments).filter(({ segment, at }) => segment === log || at === 0);
    const used = blocks.filter(({ block }) => block.state !== 'zero');
    const unused = blocks.filter(({ block }) => block.state === 'zero').slice(0, 2);
    expect(used).toHaveLength(usedBlocks);

    for (const { segment, at } of [...used, ...unused]) {
      const block = Buffer.from(images[segment].subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES));
      // Recovery sees a block only as decoded, so flips that decode alike are one case to it.
      for (const decoded of distinctFlips(block)) {
        const recovery = recoverSegments(withBlock(segments, { segment, at, decoded }), OPTIONS);
        expect(['read', 'lost']).toContain(recovery.status);
        const found = recovery.status === 'read' ? JSON.stringify(entriesOf(recovery.state)) : allowed[0];
        expect(allowed).toContain(found);
      }
    }
  });
});

function blocksOf(segments: SegmentPair) {
  return ([0, 1] as const).flatMap((segment) => segments[segment].blocks.map((block, at) => ({ segment, at, block })));
}

/** All the different things that the block decodes to when one of its bits is flipped. */
function distinctFlips(block: Buffer): readonly Block[] {
  const seen = new Map<string, Block>();
  for (let bit = 0; bit < BLOCK_BYTES * 8; bit += 1) {
    const at = bit >> 3;
    const byte = block.readUInt8(at);
    block.writeUInt8(byte ^ (1 << (bit & 7)), at);
    const decoded = decodeBlock(block);
    const key = decoded.state === 'valid' ? `valid at bit ${bit}` : JSON.stringify(decoded);
    if (!seen.has(key)) {
      seen.set(key, decoded);
    }
    block.writeUInt8(byte, at);
  }
  return [...seen.values()];
}

function withBlock(
  segments: SegmentPair,
  { segment, at, decoded }: { segment: 0 | 1; at: number; decoded: Block },
): SegmentPair {
  const changed: Segment = { ...segments[segment], blocks: segments[segment].blocks.with(at, decoded) };
  return segment === 0 ? [changed, segments[1]] : [segments[0], changed];
}
