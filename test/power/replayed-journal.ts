/**
 * Lives of a journal in this process, cut again and again: what was written to its files is replayed as each cut leaves
 * it, opened by the real journal, held against the model, and written on. Each life has several boots, and each boot
 * begins with what a cut left of the one before.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SEGMENT_NAMES, type SegmentImage } from '../../agent/adapters/journal/recover-segments.ts';
import { openSegmentJournal } from '../../agent/adapters/journal/segment-journal.ts';
import type { JournalEntry, RecoveredJournal } from '../../agent/ports/journal.ts';
import {
  createJournalWorkload,
  EMPTY_MODEL,
  type JournalModel,
  type JournalWorkload,
  modelWith,
  textOf,
} from './journal-workload.ts';
import { emptyTally, judge, type Tally } from './judge-recovery.ts';
import { createLoggedFiles, type LoggedFiles } from './logged-files.ts';
import {
  acknowledgedBefore,
  CUT_KINDS,
  type CutKind,
  type DeviceWrite,
  type PowerCut,
  writesThatLast,
} from './power-cut.ts';
import { createRandom, type Random } from './random.ts';

export interface ReplayOptions {
  readonly states: number;
  readonly seed: number;
  /** On memory rather than on a card: what is flushed is decided here, and nothing need wait for a device. */
  readonly folder?: string;
  /** False for a journal that never flushes: to see that such a one is found out. */
  readonly flushes?: boolean;
}

export interface ReplayResult {
  readonly tallies: ReadonlyMap<CutKind, Tally>;
  readonly boots: number;
  readonly compactions: number;
}

type Images = readonly [SegmentImage, SegmentImage];

interface Beginning {
  readonly images: Images;
  readonly model: JournalModel;
}

interface Boot {
  readonly images: Images;
  /** What is in the journal after each record of this boot; the first is what it began with. */
  readonly states: readonly JournalModel[];
  readonly files: LoggedFiles;
}

export const KEEP_FINISHED = 12;
export const BINDING = { thingName: 'gateway-1', endpoint: 'iot.example.com' };
const BOOTS_PER_LIFE = 4;
const RECORDS_PER_BOOT = 120;
const STATES_PER_BOOT = 100;
const MOST_LIES = 3;

export async function replayJournal({
  states,
  seed,
  folder = tmpdir(),
  flushes = true,
}: ReplayOptions): Promise<ReplayResult> {
  const top = await mkdtemp(join(folder, 'job-agent-power-'));
  const random = createRandom(seed);
  const tallies = new Map<CutKind, Tally>(CUT_KINDS.map((kind) => [kind, emptyTally()]));
  let [left, boots, compactions] = [states, 0, 0];
  try {
    for (; left > 0; ) {
      const workload = createJournalWorkload(random);
      let begin: Beginning = { images: ['absent', 'absent'], model: EMPTY_MODEL };
      for (let n = 0; n < BOOTS_PER_LIFE && left > 0; n += 1) {
        const place = join(top, `boot-${boots}`);
        const boot = await liveOneBoot(place, begin, { workload, flushes });
        const count = Math.min(left, STATES_PER_BOOT);
        for (const cut of chooseCuts(boot, count, random)) await cutAndJudge(place, boot, { cut, random, tallies });
        begin = await leaveOff(place, boot, random);
        await rm(place, { recursive: true });
        left -= count;
        boots += 1;
        compactions += snapshotWrites(boot).length;
      }
    }
    return { tallies, boots, compactions };
  } finally {
    await rm(top, { recursive: true, force: true });
  }
}

async function liveOneBoot(
  place: string,
  begin: Beginning,
  { workload, flushes }: { workload: JournalWorkload; flushes: boolean },
): Promise<Boot> {
  const files = createLoggedFiles(flushes);
  await layDown(place, begin.images);
  const { journal } = await open(place, files);
  const states = [begin.model];
  for (let n = 1; n <= RECORDS_PER_BOOT; n += 1) {
    const entry = workload.next();
    await journal.append(entry);
    states.push(modelWith(states.at(-1) ?? EMPTY_MODEL, entry, KEEP_FINISHED));
    files.acknowledge(n);
  }
  await journal.close();
  return { images: begin.images, states, files };
}

/** A third of them in the midst of a compaction or of making the journal, the others anywhere. */
function chooseCuts(boot: Boot, count: number, random: Random): readonly PowerCut[] {
  const { events } = boot.files;
  const delicate = events.flatMap((event, index) =>
    event.type === 'write' && (event.position === 0 || snapshotWrites(boot).includes(index))
      ? [index, index + 1, index + 2]
      : [],
  );
  return Array.from({ length: count }, (_, n) => {
    const kind = CUT_KINDS[n % CUT_KINDS.length] ?? 'none';
    const chosen = n % 3 === 0 ? delicate[random.below(delicate.length)] : undefined;
    const at = Math.min(events.length, chosen ?? 1 + random.below(events.length));
    return { kind, at, lies: kind === 'lie' ? 1 + random.below(MOST_LIES) : 0 };
  });
}

/** A snapshot is written from block 1 on, before the seal of its generation. */
function snapshotWrites({ files }: Boot): readonly number[] {
  return files.events.flatMap((event, index) => (isSnapshot(event) ? [index] : []));
}

function isSnapshot(event: LoggedFiles['events'][number]): boolean {
  return event.type === 'write' && event.position === 4096 && event.bytes.readUInt8(6) === 2;
}

interface CutWork {
  readonly cut: PowerCut;
  readonly random: Random;
  readonly tallies: ReadonlyMap<CutKind, Tally>;
}

async function cutAndJudge(place: string, boot: Boot, { cut, random, tallies }: CutWork): Promise<void> {
  const tally = tallies.get(cut.kind) ?? emptyTally();
  const acknowledged = acknowledgedBefore(boot.files.events, cut.at);
  await layDown(place, imagesAfterCut(boot, cut, random));
  const found = await openTwice(place).catch((error: Error) => error);
  judge(tally, { found, states: boot.states, acknowledged, cut, isFirstBoot: boot.images[0] === 'absent' });
}

/** Opened, written on, cut once more and opened again: what it holds must be what it held, and the new record. */
async function openTwice(place: string): Promise<RecoveredJournal> {
  const first = await open(place, createLoggedFiles());
  const again: JournalEntry = { id: 'after the cut', finished: false, body: {} };
  await first.journal.append(again);
  await first.journal.close();
  const second = await open(place, createLoggedFiles());
  await second.journal.close();
  const expected = JSON.stringify([...first.recovered.entries, again]);
  if (JSON.stringify(second.recovered.entries) !== expected) throw new Error('the journal did not go on after the cut');
  return first.recovered;
}

/** Where the next boot of this life begins: with an honest cut, somewhere near the end. */
async function leaveOff(place: string, boot: Boot, random: Random): Promise<Beginning> {
  const kind = random.pick(['none', 'all', 'subset', 'torn']);
  const { events } = boot.files;
  const cut = { kind, at: events.length - random.below(20), lies: 0 };
  const images = imagesAfterCut(boot, cut, random);
  await layDown(place, images);
  const { journal, recovered } = await open(place, createLoggedFiles());
  await journal.close();
  const found = JSON.stringify(recovered.entries);
  const model = boot.states.findLast((one) => textOf(one) === found);
  if (model === undefined) throw new Error(`the journal holds what was never in it, after ${JSON.stringify(cut)}`);
  return { images, model };
}

function imagesAfterCut(boot: Boot, cut: PowerCut, random: Random): Images {
  const writes = writesThatLast(boot.files.events, cut, random);
  const [a, b] = boot.images.map((image, file) =>
    writtenOver(
      image,
      writes.filter((one) => one.file === file),
    ),
  );
  return [a ?? 'absent', b ?? 'absent'];
}

function writtenOver(image: SegmentImage, writes: readonly DeviceWrite[]): SegmentImage {
  if (writes.length === 0) return image;
  const old = typeof image === 'string' ? Buffer.alloc(0) : image;
  const ends = writes.map(({ position, bytes }) => position + bytes.length);
  const result = Buffer.concat([old], Math.max(old.length, ...ends));
  for (const { position, bytes } of writes) bytes.copy(result, position);
  return result;
}

async function layDown(place: string, images: Images): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await mkdir(place);
  for (const [n, image] of images.entries()) {
    if (typeof image !== 'string') await writeFile(join(place, SEGMENT_NAMES[n] ?? ''), image);
  }
}

function open(dir: string, { openFile }: LoggedFiles) {
  const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
  return openSegmentJournal({ dir, binding: BINDING, bootId: 'boot', clock, keepFinished: KEEP_FINISHED, openFile });
}
