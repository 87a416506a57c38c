/**
 * What a power cut leaves of what was written and not yet flushed. Pure. A device writes blocks of 4 KiB, or sectors of
 * 512 bytes, in any order; what was flushed is there, unless the device lied about it.
 */
import type { Random } from './random.ts';

/** What was done to a device (or to a file of it, by its number), in order. */
export type DeviceEvent =
  | { readonly type: 'write'; readonly file: number; readonly position: number; readonly bytes: Buffer }
  | { readonly type: 'flush'; readonly file: number }
  /** The workload was told that so many of its records are safe. */
  | { readonly type: 'acknowledged'; readonly count: number };

export type DeviceWrite = Extract<DeviceEvent, { type: 'write' }>;

/**
 * `none` and `all` of what was not flushed; any `subset` of its blocks; `torn` by sectors; `noise`, as `all`, but the last
 * block was being written and is garbage; `lie`: the device had confirmed its last flushes and done nothing.
 */
export const CUT_KINDS = ['none', 'all', 'subset', 'torn', 'noise', 'lie'] as const;
export type CutKind = (typeof CUT_KINDS)[number];

export interface PowerCut {
  readonly kind: CutKind;
  /** The event that was the first not to happen. */
  readonly at: number;
  /** How many of the last flushes were lies; 0 but for `lie`. */
  readonly lies: number;
}

const BLOCK = 4096;
const SECTOR = 512;

/** @returns the writes that reach the device, in the order in which they count; pieces of those that do so in part. */
export function writesThatLast(events: readonly DeviceEvent[], cut: PowerCut, random: Random): readonly DeviceWrite[] {
  const flushedUpTo = lastFlushes(events, cut);
  const lasting: DeviceWrite[] = [];
  const pending: DeviceWrite[] = [];
  for (const [index, event] of events.slice(0, cut.at).entries()) {
    if (event.type === 'write') (index < (flushedUpTo.get(event.file) ?? 0) ? lasting : pending).push(event);
  }
  return [...lasting, ...landed(pending, cut.kind, random)];
}

/** How many records had been acknowledged at the cut. */
export function acknowledgedBefore(events: readonly DeviceEvent[], at: number): number {
  for (let index = at - 1; index >= 0; index -= 1) {
    const event = events[index];
    if (event?.type === 'acknowledged') return event.count;
  }
  return 0;
}

/** Up to which event each file was flushed in truth. */
function lastFlushes(events: readonly DeviceEvent[], { at, lies }: PowerCut): ReadonlyMap<number, number> {
  const flushes = events.slice(0, at).flatMap(({ type }, index) => (type === 'flush' ? [index] : []));
  const upTo = new Map<number, number>();
  for (const index of flushes.slice(0, flushes.length - lies)) {
    const event = events[index];
    if (event?.type === 'flush') upTo.set(event.file, index);
  }
  return upTo;
}

function landed(pending: readonly DeviceWrite[], kind: CutKind, random: Random): readonly DeviceWrite[] {
  switch (kind) {
    case 'none':
      return [];
    case 'all':
      return pending;
    case 'subset':
      return pending.flatMap((write) => somePieces(write, BLOCK, random));
    case 'torn':
      return pending.flatMap((write) => somePieces(write, SECTOR, random));
    case 'noise': {
      const last = pending.at(-1);
      if (last === undefined) return [];
      const at = random.below(Math.ceil(last.bytes.length / BLOCK)) * BLOCK;
      const length = Math.min(BLOCK, last.bytes.length - at);
      return [...pending, { ...last, position: last.position + at, bytes: random.bytes(length) }];
    }
    case 'lie':
      return landed(pending, random.pick(['none', 'subset', 'torn']), random);
  }
}

function somePieces(write: DeviceWrite, size: number, random: Random): readonly DeviceWrite[] {
  const pieces: DeviceWrite[] = [];
  for (let at = 0; at < write.bytes.length; at += size) {
    if (random.below(2) === 0) {
      pieces.push({ ...write, position: write.position + at, bytes: write.bytes.subarray(at, at + size) });
    }
  }
  return pieces;
}
