/**
 * What two segments say after a power cut, a crash or an accident. Pure; never throws, whatever the bytes.
 *
 * It takes the highest sealed generation, its snapshot, and then records while sequence and CRC hold. It tells a write
 * that was cut short (nobody was told it succeeded: dropped) from damage to what had been acknowledged (`lost`) by what
 * lies behind: a record is written only after the one before it was synced, and a seal only after its snapshot was.
 */
import type { JournalBinding } from '../../ports/journal.ts';
import {
  BLOCK_BYTES,
  type Block,
  decodeBlock,
  FORMAT_VERSION,
  SEGMENT_BYTES,
  type ValidBlock,
} from './block-format.ts';
import type { JournalState } from './journal-state.ts';
import { readRecords, readSeal, readSnapshot } from './read-generation.ts';

export const SEGMENT_NAMES = ['journal-a.log', 'journal-b.log'] as const;

/** What could be read of a segment's file. Bytes beyond a segment's length are not looked at. */
export type SegmentImage = Buffer | 'absent' | 'unreadable';

export interface Segment {
  readonly condition: 'whole' | 'short' | 'absent' | 'unreadable';
  readonly blocks: readonly Block[];
}

export type SegmentPair = readonly [Segment, Segment];
export type SegmentNumber = 0 | 1;

/** Where the next record goes. */
export interface WritePosition {
  readonly segment: SegmentNumber;
  readonly generation: number;
  readonly sequence: number;
  readonly block: number;
}

export type Recovery =
  | { readonly status: 'created'; readonly nextGeneration: number }
  | {
      readonly status: 'lost';
      readonly reason: string;
      readonly nextGeneration: number;
      /** The segment to seal first: not the one whose seal shows the loss. */
      readonly firstSegment: SegmentNumber;
    }
  | { readonly status: 'too-new'; readonly version: number }
  | ReadJournal;

export interface ReadJournal {
  readonly status: 'read';
  readonly journalId: string;
  readonly state: JournalState;
  readonly position: WritePosition;
  /** False where remains of a write cut short follow: nothing may be written after them in this generation. */
  readonly clean: boolean;
  readonly nextGeneration: number;
}

export function decodeSegment(image: SegmentImage): Segment {
  if (typeof image === 'string') {
    return { condition: image, blocks: [] };
  }
  const blocks: Block[] = [];
  for (let at = 0; at < Math.min(image.length, SEGMENT_BYTES); at += BLOCK_BYTES) {
    blocks.push(decodeBlock(paddedBlock(image.subarray(at, at + BLOCK_BYTES))));
  }
  return { condition: image.length < SEGMENT_BYTES ? 'short' : 'whole', blocks };
}

export function recoverSegments(
  segments: SegmentPair,
  options: { readonly binding: JournalBinding; readonly keepFinished: number },
): Recovery {
  const versions = allBlocks(segments).map((block) => (block.state === 'newer' ? block.version : FORMAT_VERSION));
  const version = Math.max(FORMAT_VERSION, ...versions);
  if (version > FORMAT_VERSION) {
    return { status: 'too-new', version };
  }
  // Also above what was never sealed: no generation is ever written twice, so no two attempts can mix.
  const nextGeneration = Math.max(0, ...validBlocks(segments).map((block) => block.generation)) + 1;
  if (isFresh(segments)) {
    return { status: 'created', nextGeneration };
  }
  const found = readJournal(segments, options);
  if (typeof found !== 'string') {
    return { ...found, nextGeneration };
  }
  const firstSegment = newestSeal(segments)?.segment === 0 ? 1 : 0;
  return { status: 'lost', reason: found, nextGeneration, firstSegment };
}

/** Zeros instead of a missing end, so that a short file that is all zero counts as one. */
function paddedBlock(bytes: Buffer): Buffer {
  return bytes.length === BLOCK_BYTES ? bytes : Buffer.concat([bytes], BLOCK_BYTES);
}

/**
 * No entry was ever written: power went while the files were being made. They are zero-filled and synced before the
 * first seal is written, and have both seals before the first entry is.
 */
function isFresh(segments: SegmentPair): boolean {
  if (segments.every(({ condition, blocks }) => condition !== 'unreadable' && blocks.every(isZero))) {
    return true;
  }
  const onlySeals = segments.every(({ condition, blocks }) => condition === 'whole' && blocks.slice(1).every(isZero));
  const seals = segments.map((segment) => readSeal(segment.blocks));
  const ofNothing = seals.every((seal) => typeof seal === 'string' || seal.snapshotBlocks === 0);
  return onlySeals && ofNothing && seals.some((seal) => typeof seal === 'string');
}

/** @returns why it cannot be used, where it cannot. */
function readJournal(
  segments: SegmentPair,
  { binding, keepFinished }: { readonly binding: JournalBinding; readonly keepFinished: number },
): Omit<ReadJournal, 'nextGeneration'> | string {
  const problem = sealProblem(segments, binding);
  const newest = newestSeal(segments);
  if (problem !== undefined || newest === undefined) {
    return problem ?? 'no generation is sealed';
  }
  const { segment, generation, journalId, snapshotBlocks } = newest;
  const name = SEGMENT_NAMES[segment];
  const { blocks } = segments[segment];
  if (validBlocks(segments).some((block) => block.kind === 'record' && block.generation > generation)) {
    return `the seal of a later generation than ${generation}, which has records, is damaged`;
  }
  const snapshot = readSnapshot(blocks, generation, snapshotBlocks);
  if (snapshot === undefined) {
    return `the snapshot of generation ${generation} in ${name} is damaged`;
  }
  const log = readRecords(blocks, { state: snapshot, block: 1 + snapshotBlocks, generation, keepFinished });
  if (typeof log === 'string') {
    return `${name}, generation ${generation}: ${log}`;
  }
  const { state, sequence, block } = log;
  const clean = blocks.slice(block).every((one) => isZero(one) || isOlder(one, generation));
  const position = { segment, generation, sequence, block };
  return { status: 'read', journalId, state, position, clean };
}

/**
 * Both block 0 hold a seal from the journal's first moment on; one may be torn, by a compaction that did not end. Any
 * other damage may hide a later generation.
 */
function sealProblem(segments: SegmentPair, binding: JournalBinding): string | undefined {
  for (const [number, segment] of segments.entries()) {
    const name = SEGMENT_NAMES[number];
    if (segment.condition !== 'whole') {
      return segment.condition === 'short' ? `${name} has been cut short` : `${name} is ${segment.condition}`;
    }
    if (readSeal(segment.blocks) === 'none') {
      return `the seal of ${name} has been overwritten`;
    }
    if (segment.blocks.every(isZero)) {
      return `${name} has been wiped`;
    }
  }
  const seals = [readSeal(segments[0].blocks), readSeal(segments[1].blocks)].filter((seal) => typeof seal === 'object');
  if (seals.length === 2 && seals[0]?.generation === seals[1]?.generation) {
    return `both segments claim generation ${seals[0]?.generation}`;
  }
  const seal = newestSeal(segments);
  if (seal !== undefined && (seal.thingName !== binding.thingName || seal.endpoint !== binding.endpoint)) {
    return `it belongs to thing ${JSON.stringify(seal.thingName)} at ${JSON.stringify(seal.endpoint)}`;
  }
  return undefined;
}

function newestSeal(segments: SegmentPair) {
  const [a, b] = [readSeal(segments[0].blocks), readSeal(segments[1].blocks)];
  const first = typeof a === 'object' ? { ...a, segment: 0 as const } : undefined;
  const second = typeof b === 'object' ? { ...b, segment: 1 as const } : undefined;
  return first !== undefined && first.generation > (second?.generation ?? -1) ? first : second;
}

function allBlocks(segments: SegmentPair): readonly Block[] {
  return [...segments[0].blocks, ...segments[1].blocks];
}

function validBlocks(segments: SegmentPair): readonly ValidBlock[] {
  return allBlocks(segments).filter((block) => block.state === 'valid');
}

function isZero(block: Block): boolean {
  return block.state === 'zero';
}

function isOlder(block: Block, generation: number): boolean {
  return block.state === 'valid' && block.generation < generation;
}
