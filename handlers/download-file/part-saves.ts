/** What of a part file is on disk and written down in a checkpoint. A sync may take seconds: it can be begun only. */
import type { FileHandle } from 'node:fs/promises';
import type { ResumePoint } from './resume-point.ts';

export interface PartSaves {
  /** That many bytes are vouched for. */
  readonly savedBytes: number;
  /** Syncs and writes the checkpoint. @param of what is with the system. */
  save(of: SavedPart, expiredUrlMark?: string | null): Promise<void>;
  /** Resolves at once; an error is told by the next call. */
  beginSave(of: SavedPart): Promise<void>;
  /** When nothing is vouched for any more. */
  withdraw(): Promise<void>;
  /** When what was begun is done. */
  settled(): Promise<void>;
}

export type SavedPart = Pick<ResumePoint, 'validator' | 'totalBytes' | 'bytes'>;

export interface PartSavesOptions {
  /** What the attempt before left. */
  readonly point: ResumePoint | undefined;
  readonly url: string;
  readonly bootId: string | null;
  readonly checkpoint: (point: ResumePoint & Record<string, string | number | null>) => Promise<void>;
}

const NOTHING: SavedPart = { validator: null, totalBytes: null, bytes: 0 };

export function createPartSaves(file: FileHandle, { point, url, bootId, checkpoint }: PartSavesOptions): PartSaves {
  let savedBytes = point?.bytes ?? 0;
  let isVouchedFor = typeof point?.validator === 'string';
  let saving: Promise<void> | undefined;

  async function settled(): Promise<void> {
    const before = saving;
    saving = undefined;
    await before;
  }

  async function sync({ validator, totalBytes, bytes }: SavedPart, expiredUrlMark: string | null): Promise<void> {
    const kept = validator === null ? 0 : bytes;
    if (kept > savedBytes) await file.datasync();
    await checkpoint({ url, validator, totalBytes, bytes: kept, bootId, expiredUrlMark });
    savedBytes = kept;
    isVouchedFor = validator !== null;
  }

  return {
    get savedBytes() {
      return savedBytes;
    },
    settled,
    async save(of, expiredUrlMark = null) {
      await settled();
      await sync(of, expiredUrlMark);
    },
    async beginSave(of) {
      await settled();
      saving = sync(of, null);
      saving.catch(() => undefined); // whoever waits for it is told
    },
    async withdraw() {
      await settled();
      if (isVouchedFor) await sync(NOTHING, null);
    },
  };
}
