/** The journal's two files, with every write and flush of them noted in order. */
import { basename } from 'node:path';
import { SEGMENT_NAMES } from '../../agent/adapters/journal/recover-segments.ts';
import { type OpenSegmentFile, openSegmentFile } from '../../agent/adapters/journal/segment-file.ts';
import type { DeviceEvent } from './power-cut.ts';

export interface LoggedFiles {
  readonly events: readonly DeviceEvent[];
  readonly openFile: OpenSegmentFile;
  acknowledge(count: number): void;
}

/** @param flushes false for a journal that only says it flushes: to see that such a one is found out. */
export function createLoggedFiles(flushes = true): LoggedFiles {
  const events: DeviceEvent[] = [];
  return {
    events,
    acknowledge: (count) => void events.push({ type: 'acknowledged', count }),
    async openFile(path) {
      const real = await openSegmentFile(path);
      const file = basename(path) === SEGMENT_NAMES[0] ? 0 : 1;
      return {
        ...real,
        async write(bytes, position) {
          events.push({ type: 'write', file, position, bytes: Buffer.from(bytes) });
          await real.write(bytes, position);
        },
        async sync() {
          await real.sync();
          if (flushes) events.push({ type: 'flush', file });
        },
      };
    },
  };
}
