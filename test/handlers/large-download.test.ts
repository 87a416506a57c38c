import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import {
  createStepRunnerSetup,
  EXECUTION_ID,
  type StepRunnerSetup,
} from '../fixtures/step-handlers/step-runner-setup.ts';

const MIB = 1024 ** 2;
const PIECE = Buffer.alloc(MIB, 'x');
const LARGE_BYTES = 128 * MIB;

let folder: string;
let server: FileServer;
let setup: StepRunnerSetup;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'large-download-'));
  setup = await createStepRunnerSetup({ hostArgv: await bundleHandlerHost(folder) });
  server = await startFileServer((request, response) => void send(response, Number(request.url?.slice(1))));
});
afterAll(async () => {
  await server.close();
  await setup.remove();
  await rm(folder, { recursive: true, force: true });
});

test('128 MiB need less memory than half of them', async () => {
  const small = await download(1);
  const large = await download(128);
  expect(large.bytes).toBe(LARGE_BYTES);
  expect(large.maxRssKiB - small.maxRssKiB).toBeLessThan(64 * 1024);
});

test('a limit stops a large file early', async () => {
  const document = downloadDocument(64, { maxBytes: 2 * MIB });
  expect(await setup.run(document)).toMatchObject({ status: 'failed', reasonCode: 'DOWNLOAD_TOO_LARGE' });
});

async function download(mebibytes: number) {
  const hash = createHash('sha256');
  for (let i = 0; i < mebibytes; i++) hash.update(PIECE);
  const result = await setup.run(downloadDocument(mebibytes, { sha256: hash.digest('hex') }));
  expect(result).toMatchObject({ status: 'succeeded' });
  const { size } = await stat(join(setup.stateDir, 'work', EXECUTION_ID, 'file'));
  return { bytes: size, maxRssKiB: Number(/maxRssKiB=(\d+)/.exec(result.stdoutTail)?.[1]) };
}

function downloadDocument(mebibytes: number, more: Record<string, string | number>) {
  return { operation: 'download-file', parameters: { url: `${server.origin}/${mebibytes}`, path: 'file', ...more } };
}

/** Waits for its reader, so that no more than a piece or two is on the way. A reader may hang up. */
async function send(response: ServerResponse, mebibytes: number): Promise<void> {
  await pipeline(Readable.from(Array.from({ length: mebibytes }, () => PIECE)), response).catch(() => undefined);
}
