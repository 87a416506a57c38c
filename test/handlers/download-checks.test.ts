import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerResult, JsonValue } from '../../agent/handler-api.ts';
import { checkFreeSpace } from '../../handlers/download-file/free-space.ts';
import { downloadFile } from '../../handlers/download-file/handler.ts';
import { createThrottle } from '../../handlers/download-file/pacing.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const CONTENT = 'what is downloaded\n';
const MINUTE_AGO = amzDate(Date.now() - 60_000);

let folder: string;
let server: FileServer;
let listener: RequestListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-checks-'));
  listener = (_, response) => response.setHeader('content-length', CONTENT.length).end(CONTENT);
  server = await startFileServer((request, response) => listener(request, response));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['sha256', 'sha384', 'sha512'] as const)('%s', (name) => {
  test.each(['hex', 'base64'] as const)('is checked when given in %s', async (encoding) => {
    expect(await run({ [name]: hashOf(name, encoding) })).toMatchObject({ kind: 'succeeded' });
  });

  test.each(['hex', 'base64'] as const)('of something else in %s puts nothing in place', async (encoding) => {
    const result = await run({ [name]: hashOf(name, encoding, 'something else') });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_HASH_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('several hashes', () => {
  test('must all be right', async () => {
    const right = { sha256: hashOf('sha256', 'hex'), sha512: hashOf('sha512', 'base64') };
    expect(await run(right)).toMatchObject({ kind: 'succeeded' });
    await rm(join(folder, 'file'));
    expect(await run({ ...right, sha384: hashOf('sha384', 'hex', '') })).toMatchObject({
      reasonCode: 'DOWNLOAD_HASH_MISMATCH',
    });
  });
});

describe('a file that is there', () => {
  test('with the right hash is not downloaded, and gets the mode', async () => {
    await writeFile(join(folder, 'file'), CONTENT, { mode: 0o600 });
    const result = await run({ sha512: hashOf('sha512', 'hex'), sizeBytes: CONTENT.length, mode: '0750' });
    expect(result).toMatchObject({ kind: 'succeeded', details: { sha256: hashOf('sha256', 'hex') } });
    expect(result.details).toHaveProperty('downloaded', 'no, it was there');
    expect((await stat(join(folder, 'file'))).mode & 0o777).toBe(0o750);
    expect(server.requests).toEqual([]);
  });

  test.each([
    ['of another hash', async (path: string) => writeFile(path, 'old')],
    ['that is a link to the right one', async (path: string) => linkToRight(path)],
  ])('%s is replaced', async (_, make) => {
    await make(join(folder, 'file'));
    expect(await run({ sha256: hashOf('sha256', 'hex') })).toMatchObject({ kind: 'succeeded' });
    expect(server.requests).toHaveLength(1);
  });

  test('without a hash to compare with is downloaded', async () => {
    await writeFile(join(folder, 'file'), CONTENT);
    await run({ sizeBytes: CONTENT.length });
    expect(server.requests).toHaveLength(1);
  });
});

describe('the size', () => {
  test.each([
    ['announced', 19, 18],
    ['announced', 19, 20],
    ['not announced', undefined, 18],
    ['not announced', undefined, 20],
  ])('%s as %s instead of %i is DOWNLOAD_SIZE_MISMATCH', async (_, length, sizeBytes) => {
    listener = (_request, response) => {
      if (length !== undefined) response.setHeader('content-length', length);
      response.write(CONTENT);
      response.end();
    };
    expect(await run({ sizeBytes })).toMatchObject({ reasonCode: 'DOWNLOAD_SIZE_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('free space', () => {
  test('more than the disk has is DOWNLOAD_NO_SPACE before a byte has come', async () => {
    listener = (_, response) => response.setHeader('content-length', 10 ** 14).flushHeaders();
    const context = { facts: { maxDownloadBytes: Number.MAX_SAFE_INTEGER } };
    expect(await run({}, context)).toMatchObject({
      reasonCode: 'DOWNLOAD_NO_SPACE',
      message: expect.stringMatching(/^100000000000000 bytes are to come, and .* has \d+ free, of which 16777216 are/),
    });
  });

  test('nothing is kept back where the agent keeps no state', async () => {
    await expect(checkFreeSpace(join(folder, 'file'), 2 ** 52, '/proc')).rejects.toThrow(/has \d+ free$/);
  });
});

describe('a signed URL that is refused', () => {
  const signed = (seconds: number) => `X-Amz-Date=${MINUTE_AGO}&X-Amz-Expires=${seconds}&X-Amz-Signature=SECRET`;
  const forbid = (body = '') => {
    listener = (_, response) => response.writeHead(403).end(body);
  };

  test('after its time asks for the document again, once for each URL', async () => {
    forbid();
    const url = `${server.origin}/file?${signed(59)}`;
    const first = recordingOf();
    const result = await downloadFile(first.context, { url, path: 'file' });
    expect(result).toMatchObject({ kind: 'retry', afterSeconds: 1 });
    expect(JSON.stringify([result, first.checkpoints])).not.toContain('SECRET');
    const second = await downloadFile(recordingOf(first.checkpoints.at(-1)).context, { url, path: 'file' });
    expect(second).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_URL_EXPIRED' });
    const fresh = await downloadFile(recordingOf(first.checkpoints.at(-1)).context, { url: `${url}2`, path: 'file' });
    expect(fresh).toMatchObject({ kind: 'retry' });
  });

  test.each([
    '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>',
    '<Error><Code>ExpiredToken</Code></Error>',
  ])('in the words of S3, %s, as well', async (body) => {
    forbid(body);
    expect(await run({ url: `${server.origin}/file?${signed(3600)}` })).toMatchObject({ kind: 'retry' });
  });

  test('within its time is DOWNLOAD_ACCESS_DENIED, with the code of S3', async () => {
    forbid('<Error><Code>SignatureDoesNotMatch</Code></Error>');
    expect(await run({ url: `${server.origin}/file?${signed(3600)}` })).toMatchObject({
      reasonCode: 'DOWNLOAD_ACCESS_DENIED',
      message: `${server.origin}/file answered 403 Forbidden (SignatureDoesNotMatch)`,
    });
  });
});

describe('a limit of the rate', () => {
  test('makes 64 KiB at 256 KiB a second take a quarter of it', async () => {
    const begun = performance.now();
    const throttle = createThrottle(256 * 1024, new AbortController().signal);
    for (let i = 0; i < 4; i++) await throttle(16 * 1024);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(248); // timers may be a little early
  });

  test('does not outlast a stop', async () => {
    const recording = createRecordingContext({ workDir: folder, onProgress: () => recording.stop() });
    listener = (_, response) => response.end(Buffer.alloc(64 * 1024 * 1024));
    const url = `${server.origin}/file`;
    const result = await downloadFile(recording.context, { url, path: 'file', maxBytesPerSecond: 4096 });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_STOPPED' });
  });
});

function run(
  parameters: Partial<DownloadFileParameters>,
  options: Parameters<typeof createRecordingContext>[0] | object = {},
): Promise<HandlerResult> {
  const { context } = createRecordingContext({ workDir: folder, ...options });
  return downloadFile(context, { url: `${server.origin}/file`, path: 'file', retrySeconds: 0, ...parameters });
}

function recordingOf(restored?: JsonValue) {
  return createRecordingContext({ workDir: folder, restored });
}

async function linkToRight(path: string): Promise<void> {
  await mkdir(join(folder, 'other'));
  await writeFile(join(folder, 'other/right'), CONTENT);
  await symlink('other/right', path);
  expect(await readFile(path, 'utf8')).toBe(CONTENT);
}

function hashOf(name: string, encoding: 'hex' | 'base64', content = CONTENT): string {
  return createHash(name).update(content).digest(encoding);
}

/** As in X-Amz-Date: 20261126T120000Z. */
function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}
