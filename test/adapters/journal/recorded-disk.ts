/**
 * What a journal did to its two files, write by write, so that a test can lay the disk down as it was at any moment of
 * it: a power cut keeps what was synced, and of what was not any part.
 */
import { basename } from 'node:path';
import { SEGMENT_NAMES, type SegmentImage } from '../../../agent/adapters/journal/recover-segments.ts';
import { type OpenSegmentFile, openSegmentFile } from '../../../agent/adapters/journal/segment-file.ts';

export interface RecordedWrite {
  readonly segment: 0 | 1;
  readonly position: number;
  readonly bytes: Buffer;
  /** Set once a sync of the same file has returned. */
  isSynced: boolean;
  /** Appends that had been acknowledged when the write was made, and when its sync returned. */
  readonly acknowledgedBefore: number;
}

export interface RecordedDisk {
  readonly openFile: OpenSegmentFile;
  readonly writes: readonly RecordedWrite[];
  /** The test tells how many appends have been acknowledged. */
  acknowledged: number;
}

export type Images = readonly [SegmentImage, SegmentImage];

export function createRecordedDisk(): RecordedDisk {
  const writes: RecordedWrite[] = [];
  const disk: RecordedDisk = {
    writes,
    acknowledged: 0,
    async openFile(path) {
      const file = await openSegmentFile(path);
      const segment = basename(path) === SEGMENT_NAMES[0] ? 0 : 1;
      return {
        ...file,
        async write(bytes, position) {
          writes.push({
            segment,
            position,
            bytes: Buffer.from(bytes),
            isSynced: false,
            acknowledgedBefore: disk.acknowledged,
          });
          await file.write(bytes, position);
        },
        async sync() {
          await file.sync();
          for (const write of writes.filter((one) => one.segment === segment)) {
            write.isSynced = true;
          }
        },
      };
    },
  };
  return disk;
}

/** The two files after one more write. Leaves `images` as they are. */
export function imagesAfter(images: Images, { segment, position, bytes }: Omit<RecordedWrite, 'isSynced'>): Images {
  const before = images[segment];
  const old = typeof before === 'string' ? Buffer.alloc(0) : before;
  const after = Buffer.concat([old], Math.max(old.length, position + bytes.length));
  bytes.copy(after, position);
  return segment === 0 ? [after, images[1]] : [images[0], after];
}

const SECTOR_BYTES = 512;

/** Ways in which a write that was under way may have landed: not, in part by sectors or by blocks, or whole. */
export function tornVersions(write: RecordedWrite, before: Images): readonly RecordedWrite[] {
  const image = before[write.segment];
  const old = Buffer.alloc(write.bytes.length);
  if (typeof image !== 'string') {
    image.copy(old, 0, write.position, write.position + write.bytes.length);
  }
  const sectors = write.bytes.length / SECTOR_BYTES;
  const kept: ((sector: number) => boolean)[] = [
    (sector) => sector < 1,
    (sector) => sector > 0,
    (sector) => sector < sectors / 2,
    (sector) => sector >= sectors / 2,
    (sector) => sector < sectors - 1,
    (sector) => sector === sectors - 1,
    (sector) => sector % 2 === 0,
    (sector) => Math.floor(sector / 8) % 2 === 1,
    (sector) => sector >= 8,
    (sector) => sector < sectors - 8,
  ];
  return kept.map((isKept) => ({ ...write, bytes: mixed(old, write.bytes, isKept) }));
}

function mixed(old: Buffer, written: Buffer, isKept: (sector: number) => boolean): Buffer {
  const result = Buffer.from(old);
  for (let sector = 0; sector < written.length / SECTOR_BYTES; sector += 1) {
    if (isKept(sector)) {
      written.copy(result, sector * SECTOR_BYTES, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    }
  }
  return result;
}
