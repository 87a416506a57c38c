/**
 * A journal of 64 KiB of which one bit is wrong, each in turn: what the agent would make of it. A bit may cost the last
 * record, which looks like a write cut short by a power cut, or the journal, which is then said to be lost; it may not
 * make up, mix or silently forget anything.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BLOCK_BYTES, decodeBlock } from '../../agent/adapters/journal/block-format.ts';
import { entriesOf } from '../../agent/adapters/journal/journal-state.ts';
import {
  decodeSegment,
  recoverSegments,
  SEGMENT_NAMES,
  type Segment,
  type SegmentPair,
} from '../../agent/adapters/journal/recover-segments.ts';
import { openSegmentJournal } from '../../agent/adapters/journal/segment-journal.ts';
import type { JournalEntry } from '../../agent/ports/journal.ts';

export interface FlippedBits {
  /** When the journal was left. */
  readonly journal: string;
  flips: number;
  /** Of these, with every entry there; without the last record; and said to be lost. */
  whole: number;
  withoutLast: number;
  saidLost: number;
  /** Of these, laid down as files, opened by the real journal and written on. */
  opened: number;
  crashes: number;
  /** Anything else than these three: entries that never were there together, a journal taken for a new one. */
  falselyAccepted: number;
  /** Of the first violation. */
  example: string | null;
}

export interface FlipOptions {
  readonly folder: string;
  /** Every so many bits one is flipped; 1 for all. */
  readonly every: number;
  /** Every so many flips one is laid down as files and opened. */
  readonly openEvery: number;
}

interface Written {
  readonly images: readonly [Buffer, Buffer];
  /** The entries after each append, as text. */
  readonly states: readonly string[];
}

/** 64 KiB in use each: two seals and 14 records; and two seals, the snapshot of a compaction, and 13 records. */
const JOURNALS = [
  { journal: 'before a compaction', appends: 14 },
  { journal: 'after one', appends: 77 },
];
const USED_BLOCKS = 16;
const BINDING = { thingName: 'gateway-1', endpoint: 'iot.example.com' };
const CRASHED = 'crashed: ';
const OPTIONS = { binding: BINDING, keepFinished: 256 };

export async function flipBits(options: FlipOptions): Promise<readonly FlippedBits[]> {
  const results: FlippedBits[] = [];
  for (const { journal, appends } of JOURNALS) {
    const counts = { flips: 0, whole: 0, withoutLast: 0, saidLost: 0, opened: 0, crashes: 0, falselyAccepted: 0 };
    const result: FlippedBits = { journal, ...counts, example: null };
    const dir = await mkdtemp(join(options.folder, 'job-agent-bits-'));
    try {
      await flipBitsOf(await writeJournal(dir, appends), { dir, result, options });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    results.push(result);
  }
  return results;
}

interface Work {
  readonly dir: string;
  readonly result: FlippedBits;
  readonly options: FlipOptions;
}

async function flipBitsOf({ images, states }: Written, { dir, result, options }: Work): Promise<void> {
  const segments: SegmentPair = [decodeSegment(images[0]), decodeSegment(images[1])];
  const used = ([0, 1] as const).flatMap((segment) =>
    segments[segment].blocks.flatMap(({ state }, at) =>
      state === 'zero' || (at > 0 && segment !== logOf(segments)) ? [] : [{ segment, at }],
    ),
  );
  if (used.length !== USED_BLOCKS) throw new Error(`the journal uses ${used.length} blocks`);
  const recoveries = new Map<string, string>();
  for (let bit = 0; bit < USED_BLOCKS * BLOCK_BYTES * 8; bit += options.every) {
    const place = used[Math.floor(bit / (BLOCK_BYTES * 8))];
    if (place === undefined) continue;
    const { segment, at } = place;
    const byteAt = at * BLOCK_BYTES + ((bit >> 3) % BLOCK_BYTES);
    const image = images[segment];
    image.writeUInt8(image.readUInt8(byteAt) ^ (1 << (bit & 7)), byteAt);
    const block = decodeBlock(image.subarray(at * BLOCK_BYTES, (at + 1) * BLOCK_BYTES));
    const changed: Segment = { ...segments[segment], blocks: segments[segment].blocks.with(at, block) };
    const what = `bit ${bit & 7} of byte ${byteAt} of ${SEGMENT_NAMES[segment]}`;
    // Recovery sees a block only as decoded: those that decode alike in one place are one case to it.
    const key = `${segment} ${at} ${block.state === 'valid' ? bit : JSON.stringify(block)}`;
    const found = recoveries.get(key) ?? recover(segment === 0 ? [changed, segments[1]] : [segments[0], changed]);
    recoveries.set(key, found);
    judge(result, states, { what, found });
    if (result.flips % options.openEvery === 0) await openFlipped(dir, { images, states, what, result });
    image.writeUInt8(image.readUInt8(byteAt) ^ (1 << (bit & 7)), byteAt);
  }
}

/** @returns the entries as text, or what became of the journal instead. */
function recover(segments: SegmentPair): string {
  try {
    const recovery = recoverSegments(segments, OPTIONS);
    return recovery.status === 'read' ? JSON.stringify(entriesOf(recovery.state)) : recovery.status;
  } catch (error) {
    return `${CRASHED}${(error as Error).message}`;
  }
}

function judge(
  result: FlippedBits,
  states: readonly string[],
  { what, found }: { readonly what: string; readonly found: string },
): void {
  result.flips += 1;
  if (found === 'lost') result.saidLost += 1;
  else if (found === states.at(-1)) result.whole += 1;
  else if (found === states.at(-2)) result.withoutLast += 1;
  else {
    if (found.startsWith(CRASHED)) result.crashes += 1;
    else result.falselyAccepted += 1;
    result.example ??= `${what}: ${found.slice(0, 200)}`;
  }
}

interface Flipped extends Written {
  readonly what: string;
  readonly result: FlippedBits;
}

/** As the agent does at its start; then it writes, ends, and starts again. */
async function openFlipped(dir: string, { images, states, what, result }: Flipped): Promise<void> {
  result.opened += 1;
  try {
    for (const [n, image] of images.entries()) await writeFile(join(dir, SEGMENT_NAMES[n] ?? ''), image);
    const { journal, recovered } = await open(dir);
    const next: JournalEntry = { id: 'after the flip', finished: false, body: {} };
    await journal.append(next);
    await journal.close();
    const again = await open(dir);
    await again.journal.close();
    const isKnown = recovered.status === 'lost' || states.slice(-2).includes(JSON.stringify(recovered.entries));
    const goesOn = JSON.stringify(again.recovered.entries) === JSON.stringify([...recovered.entries, next]);
    if (isKnown && goesOn) return;
    result.falselyAccepted += 1;
    result.example ??= `${what}, opened: ${JSON.stringify(recovered).slice(0, 200)}`;
  } catch (error) {
    result.crashes += 1;
    result.example ??= `${what}, opened: ${(error as Error).message}`;
  }
}

async function writeJournal(dir: string, appends: number): Promise<Written> {
  const { journal } = await open(dir);
  const known = new Map<string, JournalEntry>();
  const states = ['[]'];
  for (let n = 0; n < appends; n += 1) {
    const entry: JournalEntry = { id: `job-${n % 5}`, finished: n % 5 === 4, body: { n, phase: 'running' } };
    await journal.append(entry);
    known.set(entry.id, entry);
    states.push(JSON.stringify([...known.values()]));
  }
  await journal.close();
  const [a, b] = await Promise.all(SEGMENT_NAMES.map((name) => readFile(join(dir, name))));
  if (a === undefined || b === undefined) throw new Error('a segment is missing');
  return { images: [a, b], states };
}

/** The segment that is written to. */
function logOf(segments: SegmentPair): 0 | 1 {
  const recovery = recoverSegments(segments, OPTIONS);
  if (recovery.status !== 'read') throw new Error(`the journal is ${recovery.status}`);
  return recovery.position.segment;
}

function open(dir: string) {
  const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
  return openSegmentJournal({ dir, binding: BINDING, bootId: 'boot', clock });
}
