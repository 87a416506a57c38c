/** Reads one generation out of a segment's blocks: its seal, its snapshot, its records. Pure. */
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { type Block, type BlockKind, SEGMENT_BLOCKS, type ValidBlock } from './block-format.ts';
import { EMPTY_STATE, type JournalState, parseEntry, parseSnapshot, withEntry } from './journal-state.ts';

/** The payload of block 0. */
export interface SealPayload {
  readonly journalId: string;
  readonly thingName: string;
  readonly endpoint: string;
  /** The snapshot is in the blocks 1 to this one. */
  readonly snapshotBlocks: number;
}

export interface Seal extends SealPayload {
  readonly generation: number;
}

export interface LogStart {
  readonly state: JournalState;
  readonly block: number;
  readonly generation: number;
  readonly keepFinished: number;
}

export interface Log {
  readonly state: JournalState;
  /** Of the next record. */
  readonly sequence: number;
  /** Where the next record goes. */
  readonly block: number;
}

/** @returns `torn` where a write may have been cut, `none` where a whole block is something else. */
export function readSeal([block]: readonly Block[]): Seal | 'torn' | 'none' {
  if (block === undefined || block.state !== 'valid') {
    return 'torn';
  }
  const seal = parseJson(block.payload);
  return block.kind === 'seal' && block.last && isSealPayload(seal)
    ? { ...seal, generation: block.generation }
    : 'none';
}

function isSealPayload(value: unknown): value is SealPayload & JsonObject {
  if (!isJsonObject(value)) {
    return false;
  }
  const { journalId, thingName, endpoint, snapshotBlocks } = value;
  const texts = [journalId, thingName, endpoint].every((text) => typeof text === 'string');
  return texts && typeof snapshotBlocks === 'number' && snapshotBlocks >= 0 && snapshotBlocks < SEGMENT_BLOCKS;
}

/** @returns nothing where it is damaged. */
export function readSnapshot(blocks: readonly Block[], generation: number, count: number): JournalState | undefined {
  if (count === 0) {
    return EMPTY_STATE;
  }
  const whole = readParts(blocks, { block: 1, kind: 'snapshot', generation, sequence: 0 });
  return whole?.next === 1 + count ? parseSnapshot(parseJson(whole.payload)) : undefined;
}

/** @returns why not, where acknowledged records are damaged. */
export function readRecords(
  blocks: readonly Block[],
  { state: snapshot, block: start, generation, keepFinished }: LogStart,
): Log | string {
  let [state, sequence, block] = [snapshot, 1, start];
  for (;;) {
    const record = readParts(blocks, { block, kind: 'record', generation, sequence });
    if (record === undefined) {
      break;
    }
    const entry = parseEntry(parseJson(record.payload));
    if (entry === undefined) {
      return `record ${sequence} is not an entry`;
    }
    state = withEntry(state, entry, keepFinished);
    block = record.next;
    sequence += 1;
  }
  const isLater = (one: Block) =>
    one.state === 'valid' && one.kind === 'record' && one.generation === generation && one.sequence > sequence;
  return blocks.some(isLater) ? `record ${sequence} is damaged, and there are later ones` : { state, sequence, block };
}

interface RecordPlace {
  readonly block: number;
  readonly kind: BlockKind;
  readonly generation: number;
  readonly sequence: number;
}

/** @returns nothing unless every block up to the commit mark is whole and belongs to this very record. */
function readParts(blocks: readonly Block[], place: RecordPlace): { payload: Buffer; next: number } | undefined {
  const payloads: Buffer[] = [];
  for (let at = place.block; at < blocks.length; at += 1) {
    const block = blocks[at];
    if (block === undefined || !belongs(block, place) || block.part !== payloads.length) {
      return undefined;
    }
    payloads.push(block.payload);
    if (block.last) {
      return { payload: Buffer.concat(payloads), next: at + 1 };
    }
  }
  return undefined;
}

function belongs(block: Block, { kind, generation, sequence }: RecordPlace): block is ValidBlock {
  return (
    block.state === 'valid' && block.kind === kind && block.generation === generation && block.sequence === sequence
  );
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
