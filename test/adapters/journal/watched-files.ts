import { type OpenSegmentFile, openSegmentFile } from '../../../agent/adapters/journal/segment-file.ts';

/** Counts writes and syncs, and fails the named one, such as `sync 3`, counted from when it is named first. */
export function watchFiles() {
  const calls: string[] = [];
  const failures = new Map<string, string>();
  const counts = new Map<string, number>();

  function count(call: 'write' | 'sync'): void {
    if (failures.size === 0) {
      return;
    }
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    const failure = failures.get(`${call} ${nth}`);
    if (failure !== undefined) {
      throw new Error(failure);
    }
  }

  const openFile: OpenSegmentFile = async (path) => {
    const file = await openSegmentFile(path);
    return {
      ...file,
      async write(bytes, position) {
        calls.push(`write ${bytes.length}`);
        count('write');
        await file.write(bytes, position);
      },
      async sync() {
        calls.push('sync');
        count('sync');
        await file.sync();
      },
    };
  };
  return { calls, failures, openFile };
}
