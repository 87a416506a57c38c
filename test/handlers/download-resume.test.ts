import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Details, HandlerResult, JsonObject, JsonValue } from '../../agent/handler-api.ts';
import { downloadFile } from '../../handlers/download-file/handler.ts';
import { DOWNLOAD_PACE } from '../../handlers/download-file/pacing.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { type RangeServer, startRangeServer } from '../fixtures/range-server.ts';
import {
  createRecordingContext,
  type RecordingContext,
  type RecordingContextOptions,
} from '../fixtures/recording-context.ts';

const CONTENT = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
const OTHER = Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7) % 253));
const SHA256 = sha256(CONTENT);
/** Each chunk is a checkpoint, and no wait is worth waiting for. */
const PACE = { ...DOWNLOAD_PACE, firstWaitMs: 1, longestWaitMs: 1, checkpointBytes: 1, checkpointMs: 0 };

let folder: string;
let server: RangeServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-resume-'));
  server = await startRangeServer(CONTENT);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('within one attempt', () => {
  test('a download goes on where it was cut off, at any byte', async () => {
    for (const cut of [0, 1, 2, 100, 2500, 4998, 4999]) {
      server.cuts.push(cut);
      expect(await run({ path: `cut-${cut}` })).toMatchObject({ kind: 'succeeded', details: { sha256: SHA256 } });
      expect(await contentOf(`cut-${cut}`)).toEqual(CONTENT);
      expect(server.answers.slice(-2)).toEqual(['200', cut === 0 ? '200' : `206 bytes=${cut}-`]);
    }
  });

  test('many cuts cost no byte twice', async () => {
    server.cuts.push(...Array.from({ length: 40 }, () => 100));
    const recording = record();
    expect(await run({}, recording)).toMatchObject({ kind: 'succeeded', details: { bytes: 5000 } });
    expect(server.answers).toHaveLength(41);
    expect(server.sentBytes()).toBe(5000);
    expect(recording.progress.at(-1)).toEqual({ bytesReceived: 5000, percent: 100 });
    expect(recording.progress).toContainEqual({
      bytesReceived: 4000,
      interruptions: 40,
      lastInterruption: 'DOWNLOAD_INCOMPLETE: the connection broke after 4000 bytes of the 5000 announced',
    });
  });

  test('a server without ranges sends it anew', async () => {
    server.ignoresRanges = true;
    server.cuts.push(3000, 2000);
    expect(await run()).toMatchObject({ kind: 'succeeded', details: { sha256: SHA256 } });
    expect(server.answers).toEqual(['200', '200', '200']);
  });

  test('another ETag meanwhile begins anew', async () => {
    server.cuts.push(3000);
    const recording = record({
      onProgress({ bytesReceived }) {
        Object.assign(server, { content: OTHER, etag: '"two"' });
        server.received(Number(bytesReceived));
      },
    });
    expect(await run({ sha256: sha256(OTHER) }, recording)).toMatchObject({ kind: 'succeeded' });
    expect(await contentOf('file')).toEqual(OTHER);
  });

  test('a part of another file than it was asked for is not taken', async () => {
    const checkpoint = (await interruptAt(3000)) as JsonObject;
    const liar = await startFileServer((request, response) => {
      if (request.headers.range === undefined) response.end(OTHER);
      else
        response.writeHead(206, { etag: '"two"', 'content-range': 'bytes 3000-3999/4000' }).end(OTHER.subarray(3000));
    });
    const recording = restore({ ...checkpoint, url: `${liar.origin}/file` });
    const result = await run({ url: `${liar.origin}/file` }, recording);
    await liar.close();
    expect(liar.requests.map(({ headers }) => headers.range)).toEqual(['bytes=3000-', undefined]);
    expect(result).toMatchObject({ kind: 'succeeded', details: { sha256: sha256(OTHER) } });
  });

  test('a part that is shorter than it was asked for is not taken for the rest', async () => {
    const checkpoint = (await interruptAt(2000)) as JsonObject;
    const stingy = await startFileServer((request, response) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      const range = `bytes ${start}-${start + 999}/5000`;
      response.writeHead(206, { etag: '"one"', 'content-range': range }).end(CONTENT.subarray(start, start + 1000));
    });
    const recording = restore({ ...checkpoint, url: `${stingy.origin}/file`, totalBytes: null });
    const result = await run({ url: `${stingy.origin}/file` }, recording);
    await stingy.close();
    expect(stingy.requests.map(({ headers }) => headers.range)).toEqual(
      [2000, 3000, 4000].map((start) => `bytes=${start}-`),
    );
    expect(result).toMatchObject({ kind: 'succeeded', details: { sha256: SHA256 } });
  });

  test.each([
    ['a weak ETag', 'W/"one"', ''],
    ['no validator', '', ''],
    ['a Last-Modified of just now', '', new Date(Date.now() + 3_600_000).toUTCString()],
  ])('%s is not relied on', async (_, etag, lastModified) => {
    Object.assign(server, { etag, lastModified });
    server.cuts.push(3000);
    expect(await run()).toMatchObject({ kind: 'succeeded', details: { sha256: SHA256 } });
    expect(server.answers).toEqual(['200', '200']);
  });

  test('an older Last-Modified is', async () => {
    Object.assign(server, { etag: '', lastModified: new Date(Date.now() - 3_600_000).toUTCString() });
    server.cuts.push(3000);
    expect(await run()).toMatchObject({ kind: 'succeeded', details: { sha256: SHA256 } });
    expect(server.answers).toEqual(['200', '206 bytes=3000-']);
  });

  test.each([408, 429, 500, 502, 503, 504])('status %i is tried again', async (status) => {
    let asked = 0;
    const busy = await startFileServer((_, response) => {
      asked++;
      if (asked === 3) response.end(CONTENT);
      else response.writeHead(status).end();
    });
    expect(await run({ url: `${busy.origin}/file` })).toMatchObject({ kind: 'succeeded' });
    await busy.close();
    expect(asked).toBe(3);
  });

  test.each([400, 401, 403, 404, 405, 410, 451, 501])('status %i ends it at once', async (status) => {
    const gone = await startFileServer((_, response) => response.writeHead(status).end());
    expect(await run({ url: `${gone.origin}/file` })).toMatchObject({ kind: 'failed' });
    await gone.close();
    expect(gone.requests).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test('it gives up when nothing new comes for retrySeconds', async () => {
    server.ignoresRanges = true;
    server.cuts.push(...Array.from({ length: 100_000 }, () => 10));
    expect(await run({ retrySeconds: 1 })).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_INCOMPLETE' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('over a restart', () => {
  test('a stopped download goes on where it was, at any byte', async () => {
    for (const cut of [1, 100, 2500, 4999]) {
      const checkpoint = await interruptAt(cut, `cut-${cut}`);
      expect(checkpoint).toMatchObject({ bytes: cut, validator: '"one"', totalBytes: 5000 });
      expect(await run({ path: `cut-${cut}` }, restore(checkpoint))).toMatchObject({
        details: { sha256: SHA256, bytes: 5000 },
      });
      expect(server.answers.at(-1)).toBe(`206 bytes=${cut}-`);
      expect(await contentOf(`cut-${cut}`)).toEqual(CONTENT);
    }
  });

  test('bytes beyond the checkpoint are not trusted', async () => {
    const checkpoint = await interruptAt(2500);
    await writeFile(join(folder, await partName()), Buffer.alloc(500, 'x'), { flag: 'a' });
    expect(await run({}, restore(checkpoint))).toMatchObject({ details: { sha256: SHA256 } });
    expect(server.answers.at(-1)).toBe('206 bytes=2500-');
  });

  test('bytes beyond it are trusted in the same boot where a hash vouches for them', async () => {
    const checkpoint = (await interruptAt(2500)) as JsonObject;
    const part = join(folder, await partName());
    await writeFile(part, CONTENT.subarray(2500, 3300), { flag: 'a' });
    expect(await run({ sha256: SHA256 }, restore(checkpoint))).toMatchObject({ details: { bytes: 5000 } });
    expect(server.answers.at(-1)).toBe('206 bytes=3300-');
  });

  test('bytes beyond it are not trusted after another start of the system, whatever vouches for them', async () => {
    const checkpoint = (await interruptAt(2500)) as JsonObject;
    await writeFile(join(folder, await partName()), CONTENT.subarray(2500, 3300), { flag: 'a' });
    for (const bootId of [randomUUID(), null]) {
      await run({ sha256: SHA256 }, restore({ ...checkpoint, bootId }));
      expect(server.answers.at(-1)).toBe('206 bytes=2500-');
      await rm(join(folder, 'file'));
      await interruptAt(2500);
      await writeFile(join(folder, await partName()), CONTENT.subarray(2500, 3300), { flag: 'a' });
    }
  });

  test('more bytes than there can be are begun anew', async () => {
    const checkpoint = await interruptAt(2500);
    await writeFile(join(folder, await partName()), Buffer.alloc(9000, 'x'), { flag: 'a' });
    expect(await run({ sha256: SHA256 }, restore(checkpoint))).toMatchObject({ details: { bytes: 5000 } });
    expect(server.answers.slice(-2)).toEqual(['416', '200']);
  });

  test('a part that lost bytes, or is gone, or was replaced, is begun anew', async () => {
    const checkpoint = await interruptAt(2500);
    const spoils = [
      async (part: string) => truncate(part, 2499),
      async (part: string) => rm(part),
      async (part: string) => {
        await copyFile(part, `${part}.copy`);
        await rm(part);
        await writeFile(part, await readFile(`${part}.copy`), { mode: 0o644 });
        await rm(`${part}.copy`);
      },
    ];
    for (const spoil of spoils) {
      await interruptAt(2500);
      await spoil(join(folder, await partName()));
      expect(await run({}, restore(checkpoint))).toMatchObject({ details: { sha256: SHA256 } });
      expect(server.answers.at(-1)).toBe('200');
      await rm(join(folder, 'file'));
    }
  });

  test('a URL signed anew is the same file, and its query is in no checkpoint', async () => {
    const url = `${server.origin}/file?X-Amz-Signature=SECRET`;
    const checkpoint = await interruptAt(2500, 'file', url);
    expect(JSON.stringify(checkpoint)).not.toContain('SECRET');
    await run({ url: `${server.origin}/file?X-Amz-Signature=OTHER` }, restore(checkpoint));
    expect(server.answers.at(-1)).toBe('206 bytes=2500-');
  });

  test('another URL is another file', async () => {
    const checkpoint = await interruptAt(2500);
    await run({ url: `${server.origin}/other` }, restore(checkpoint));
    expect(server.answers.at(-1)).toBe('200');
  });

  test('the checkpoint is withdrawn before bytes of another file take the place', async () => {
    const checkpoint = await interruptAt(2500);
    server.etag = '"two"';
    const recording = restore(checkpoint);
    await run({}, recording);
    expect(recording.checkpoints[0]).toMatchObject({ bytes: 0 });
    expect(recording.checkpoints.slice(1)).not.toContainEqual(expect.objectContaining({ validator: '"one"' }));
  });

  test('a file that was whole is not asked for again', async () => {
    const checkpoint = await interruptAt(2500);
    const part = join(folder, await partName());
    await writeFile(part, CONTENT);
    const whole = { ...(checkpoint as object), bytes: 5000 };
    expect(await run({}, restore(whole))).toMatchObject({ details: { sha256: SHA256 } });
    expect(server.answers).toHaveLength(1);
  });

  test.each([null, 7, [], {}, { bytes: -1 }, { url: 5 }])('a checkpoint of %j is none', async (checkpoint) => {
    expect(await run({}, restore(checkpoint))).toMatchObject({ details: { sha256: SHA256 } });
  });
});

/** Stops a download when so many bytes are there. @returns its last checkpoint. */
async function interruptAt(
  bytes: number,
  path = 'file',
  url = `${server.origin}/file`,
): Promise<JsonValue | undefined> {
  server.cuts.splice(0, server.cuts.length, bytes);
  const recording = record({
    onProgress({ bytesReceived }) {
      if (bytesReceived === bytes) recording.stop();
    },
  });
  expect(await run({ path, url }, recording)).toMatchObject({ reasonCode: 'DOWNLOAD_STOPPED' });
  return recording.checkpoints.at(-1);
}

/** Cuts connections as soon as what they sent has come, unless told otherwise. */
function record(options: Partial<RecordingContextOptions> = {}): RecordingContext {
  const onProgress = ({ bytesReceived }: Details) => server.received(Number(bytesReceived));
  return createRecordingContext({ workDir: folder, onProgress, ...options });
}

function restore(restored: JsonValue | undefined): RecordingContext {
  return record({ restored });
}

function run(parameters: Partial<DownloadFileParameters> = {}, recording = record()): Promise<HandlerResult> {
  return downloadFile(recording.context, { url: `${server.origin}/file`, path: 'file', ...parameters }, PACE);
}

async function partName(): Promise<string> {
  return (await readdir(folder)).find((name) => name.endsWith('.part')) ?? '';
}

function contentOf(name: string): Promise<Buffer> {
  return readFile(join(folder, name));
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
