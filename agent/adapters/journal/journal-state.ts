/**
 * What the journal knows: the last entry of each id, in the order the ids were first seen. Pure, and never changed in
 * place, so that an entry which turns out not to fit leaves no trace.
 */
import { isJsonObject } from '../../core/json.ts';
import type { JournalEntry } from '../../ports/journal.ts';
import { PAYLOAD_BYTES, SEGMENT_BLOCKS } from './block-format.ts';

/** An entry as it is written: the text is made once, when `append` is called. */
export interface EncodedEntry {
  readonly id: string;
  readonly finished: boolean;
  readonly json: string;
  /** Length of `json` in UTF-8. */
  readonly bytes: number;
}

export interface JournalState {
  /** `number` counts appends, over all generations: the higher, the newer. */
  readonly kept: ReadonlyMap<string, EncodedEntry & { readonly number: number }>;
  readonly appended: number;
}

export const EMPTY_STATE: JournalState = { kept: new Map(), appended: 0 };

/** Half a segment: one entry may not push out all others. An AWS job document has at most 32 KiB. */
export const MAX_ENTRY_BYTES = 128 * 1024;

/** Everything but the seal. The live entries must always fit in here together, or they could not be compacted. */
const SNAPSHOT_BYTES = (SEGMENT_BLOCKS - 1) * PAYLOAD_BYTES;
/** Finished entries leave half the segment to the records to come, so that compactions stay rare; */
const ROOMY_SNAPSHOT_BYTES = (SEGMENT_BLOCKS / 2) * PAYLOAD_BYTES;
/** but some are kept beside many live ones too, as far as there is room. */
const LEAST_FINISHED_BYTES = 8 * PAYLOAD_BYTES;
/** `[number,…],` round an entry, and the outer brackets. */
const OVERHEAD_BYTES = '[9007199254740991,],'.length;

export function encodeEntry({ id, finished, body }: JournalEntry): EncodedEntry {
  const json = JSON.stringify({ id, finished, body });
  return { id, finished, json, bytes: Buffer.byteLength(json) };
}

/** @returns nothing where `value` is not an entry. */
export function parseEntry(value: unknown): EncodedEntry | undefined {
  if (!isJsonObject(value)) {
    return undefined;
  }
  const { id, finished, body } = value;
  if (typeof id !== 'string' || typeof finished !== 'boolean' || body === undefined || !isJsonObject(body)) {
    return undefined;
  }
  return encodeEntry({ id, finished, body });
}

/** The state after one more append. The oldest finished entries above `keepFinished` go. */
export function withEntry(state: JournalState, entry: EncodedEntry, keepFinished: number): JournalState {
  const number = state.appended + 1;
  const kept = new Map(state.kept).set(entry.id, { ...entry, number });
  const finished = [...kept.values()].filter((one) => one.finished).sort((a, b) => a.number - b.number);
  for (const { id } of finished.slice(0, Math.max(0, finished.length - keepFinished))) {
    kept.delete(id);
  }
  return { kept, appended: number };
}

/** The state without the oldest finished entries that a snapshot has no room for; nothing if the live ones do not fit. */
export function fitSnapshot(state: JournalState): JournalState | undefined {
  const newestFirst = [...state.kept.values()].sort((a, b) => b.number - a.number);
  let bytes = 2;
  for (const entry of newestFirst) {
    bytes += entry.finished ? 0 : entry.bytes + OVERHEAD_BYTES;
  }
  if (bytes > SNAPSHOT_BYTES) {
    return undefined;
  }
  const most = Math.min(SNAPSHOT_BYTES, Math.max(ROOMY_SNAPSHOT_BYTES, bytes + LEAST_FINISHED_BYTES));
  const kept = new Map(state.kept);
  for (const entry of newestFirst.filter((one) => one.finished)) {
    bytes += entry.bytes + OVERHEAD_BYTES;
    if (bytes > most) {
      kept.delete(entry.id);
    }
  }
  return { ...state, kept };
}

export function encodeSnapshot(state: JournalState): Buffer {
  return Buffer.from(`[${[...state.kept.values()].map(({ number, json }) => `[${number},${json}]`).join(',')}]`);
}

/** @returns nothing where `value` is not a snapshot. */
export function parseSnapshot(value: unknown): JournalState | undefined {
  if (!Array.isArray(value)) {
    return undefined;
  }
  const kept = new Map<string, EncodedEntry & { number: number }>();
  let appended = 0;
  for (const item of value as readonly unknown[]) {
    const [number, raw] = Array.isArray(item) ? (item as readonly unknown[]) : [];
    const entry = parseEntry(raw);
    if (typeof number !== 'number' || entry === undefined) {
      return undefined;
    }
    kept.set(entry.id, { ...entry, number });
    appended = Math.max(appended, number);
  }
  return { kept, appended };
}

export function entriesOf(state: JournalState): readonly JournalEntry[] {
  return [...state.kept.values()].map(({ json }) => JSON.parse(json) as JournalEntry);
}
