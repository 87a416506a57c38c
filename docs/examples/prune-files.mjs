// {"operation": "prune-files", "parameters": {"folder": "/var/tmp/app", "keepDays": 14}}
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, succeeded, Type } from 'iot-job-agent/handler-api';

const DAY_MS = 24 * 3600 * 1000;

export default {
  operation: 'prune-files',
  kind: 'module',
  summary: 'Removes old files of a folder.',
  apiVersion: 3,
  onInterrupted: 'rerun', // what is gone already is not looked for again
  parameters: Type.Object(
    {
      folder: Type.String({ pattern: '^/var/(log|tmp)/[a-z]', expected: 'a folder below /var/log or /var/tmp' }),
      keepDays: Type.Integer({ minimum: 1 }),
    },
    { additionalProperties: false },
  ),
  check: ({ folder }) =>
    folder.split('/').includes('..') ? { pointer: '/folder', reason: 'must not lead up' } : undefined,
  async run({ progress, signal }, { folder, keepDays }) {
    const oldest = Date.now() - keepDays * DAY_MS;
    let removed = 0;
    for (const { name } of (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile())) {
      if (signal.aborted) return failed('PRUNE_STOPPED', `stopped after ${removed} files`);
      const path = join(folder, name);
      if ((await stat(path)).mtimeMs >= oldest) continue;
      await rm(path, { force: true });
      removed += 1;
      progress({ removed });
    }
    return succeeded({ removed });
  },
};
