/** The jobs of a soak: those that agents are killed over, and more of what a gateway meets in years. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../agent/core/json.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { JOB_KINDS, type JobKind } from '../chaos/chaos-jobs.ts';

/** What `download` jobs fetch. */
export const ARTIFACT = Buffer.alloc(300_000, 'soak');
export const ARTIFACT_PATH = '/artifact';

/** @param origin of the web server that has the artifact. */
export function soakJobs(origin: string): readonly JobKind[] {
  const download = (path: string, sha256: string) => ({
    operation: 'download-file',
    parameters: { url: `${origin}${path}`, path: 'artifact', sha256 },
  });
  const hash = createHash('sha256').update(ARTIFACT).digest('hex');
  return [
    ...JOB_KINDS,
    job('download', 'SUCCEEDED', () => download(ARTIFACT_PATH, hash)),
    job('download-nothing', 'FAILED', () => download('/nothing', hash)),
    job('download-other', 'FAILED', () => download(ARTIFACT_PATH, '0'.repeat(64))),
    job('system-info', 'SUCCEEDED', () => ({ operation: 'system-info', parameters: {} })),
    job('flood', 'SUCCEEDED', () => shell(FLOOD)),
    job('flood-and-fail', 'FAILED', () => shell(`${FLOOD}; exit 9`)),
    job('killed', 'FAILED', () => shell('kill -9 $$')),
    job('timed-out', 'FAILED', () => ({ ...shell('sleep 300'), timeoutSeconds: 1 })),
    job('wrong-parameters', 'REJECTED', () => ({ operation: 'run-command', parameters: { command: 7 } })),
    {
      ...job('hung-and-cancelled', 'SUCCEEDED', () => shell("trap '' TERM; sleep 300 & wait; sleep 300")),
      isCancelled: true,
    },
  ];
}

/** Built-in operations that no soak job uses: the soak says nothing of them. */
export function unusedOperations(): readonly string[] {
  const documents = soakJobs('http://127.0.0.1').map(({ document }) =>
    JSON.stringify(document({ trailFile: '/trail', filesDir: '/files' }, 'id')),
  );
  const isUsed = (operation: string) => documents.some((text) => text.includes(`"operation":"${operation}"`));
  return builtInHandlers.map(({ operation }) => operation).filter((operation) => !isUsed(operation));
}

const FLOOD = 'head -c 2000000 /dev/zero | tr "\\0" "o"; head -c 1000000 /dev/zero | tr "\\0" "e" >&2';

function job(name: string, status: JobKind['status'], document: () => JsonObject): JobKind {
  return { name, markedSteps: 0, status, document };
}

function shell(script: string): JsonObject {
  return { operation: 'run-command', parameters: { command: ['sh', '-c', script] } };
}
