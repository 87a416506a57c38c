// Servers that keep to the letter of HTTP, or not even to that, so that a transfer never ends.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { downloadFile } from '../../handlers/download-file/handler.ts';
import { DOWNLOAD_PACE } from '../../handlers/download-file/pacing.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { uploadFile } from '../../handlers/upload-file/handler.ts';
import { openSource } from '../../handlers/upload-file/open-source.ts';
import { putFile } from '../../handlers/upload-file/put-file.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

/** How often something comes, and how long nothing may. */
const [DRIP_MS, STALL_MS] = [10, 200];
const PACE = { ...DOWNLOAD_PACE, stallMs: STALL_MS, firstWaitMs: 1, longestWaitMs: 1 };
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n';

let folder: string;
let server: Server;
let sockets: Set<Socket>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostile-servers-'));
  sockets = new Set();
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

async function close(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}

/** @param again sent over and over; null: the connection ends. */
async function serve(first: string, again?: string | null): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(first);
      if (again === null) socket.end();
      if (again === undefined || again === null) return;
      const drip = setInterval(() => socket.write(again), DRIP_MS);
      socket.on('close', () => clearInterval(drip));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a download', () => {
  const DRIPS: readonly (readonly [string, string, string])[] = [
    ['one "100 Continue" after the other', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['early hints without end', '', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'],
    ['a head byte by byte', 'HTTP/1.1 200 OK\r\nx: ', 'x'],
    ['a body byte by byte', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 'x'],
    ['a reason byte by byte', 'HTTP/1.1 503 Busy\r\ncontent-length: 100000\r\n\r\n', 'x'],
  ];

  test.each(DRIPS)('ends for %s', async (_, first, again) => {
    const url = await serve(first, again);
    const result = await download({ url, path: 'file', retrySeconds: 0 });
    expect(result).toMatchObject({ reasonCode: expect.stringMatching(/^DOWNLOAD_(STALLED|HTTP_STATUS)$/) });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(DRIPS)('ends for %s, where the signature should be', async (_, first, again) => {
    const url = await serve(first, again);
    const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='; // of RFC 8410, section 10.1
    const result = await download({ url, path: 'file', retrySeconds: 0, signatureUrl: url }, [`key=${key}`]);
    expect(result).toMatchObject({ reasonCode: expect.stringMatching(/^DOWNLOAD_(STALLED|HTTP_STATUS)$/) });
  });

  test('that brings a byte now and then has brought nothing new', async () => {
    const url = await serve('HTTP/1.1 200 OK\r\netag: "one"\r\ncontent-length: 100000\r\n\r\n', 'x');
    const result = await download({ url, path: 'file', retrySeconds: 1 });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_STALLED' });
  });

  test('ends whatever bytes a server sends, and leaves nothing but the file', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\netag: "one"\r\ncontent-length: 10\r\n\r\n0123456789',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n',
      'HTTP/1.1 206 Part\r\ncontent-range: bytes 5-9/10\r\netag: "one"\r\ncontent-length: 5\r\n\r\n56789',
      'HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 403 Forbidden\r\ncontent-length: 25\r\n\r\n<Code>AccessDenied</Code>',
    ];
    const words = [
      '0',
      '-1',
      '\r\n',
      '\0',
      'chunked',
      '101',
      '100',
      '204',
      '"',
      ':',
      '\u001b[2J',
      'https://169.254.169.254',
    ];
    const answer = fc
      .tuple(fc.constantFrom(...answers), fc.nat(), fc.constantFrom('', ...words), fc.nat(12))
      .map(([whole, at, word, gone]) => {
        const place = at % whole.length;
        return whole.slice(0, place) + word + whole.slice(place + gone);
      });
    await fc.assert(
      fc.asyncProperty(answer, fc.boolean(), async (bytes, ends) => {
        const url = await serve(bytes, ends ? null : undefined);
        const result = await download({ url: `${url}/?X-Amz-Signature=canary`, path: 'file', retrySeconds: 0 });
        expect(JSON.stringify(result)).not.toContain('canary');
        expect(await readdir(folder)).toEqual(result.kind === 'succeeded' ? ['file'] : []);
        await rm(join(folder, 'file'), { force: true });
        await close();
      }),
      { numRuns: 40 },
    );
  });

  test('ends for a server that would speak another protocol', async () => {
    const url = await serve(SWITCHING);
    expect(await download({ url, path: 'file' })).toMatchObject({
      reasonCode: 'DOWNLOAD_HTTP_STATUS',
      message: expect.stringContaining('answered 101'),
    });
  });

  function download(parameters: DownloadFileParameters, artifactKeys: readonly string[] = []) {
    const { context } = createRecordingContext({ workDir: folder, facts: { artifactKeys } });
    return downloadFile(context, parameters, PACE);
  }
});

describe('an upload', () => {
  beforeEach(() => writeFile(join(folder, 'file'), 'x'.repeat(100_000)));

  test('ends for a server that would speak another protocol', async () => {
    const url = await serve(SWITCHING);
    const { context } = createRecordingContext({ workDir: folder });
    expect(await uploadFile(context, { url, path: 'file' }, [])).toMatchObject({
      reasonCode: 'UPLOAD_HTTP_STATUS',
      message: expect.stringContaining('answered 101'),
    });
  });

  test('ends for one "100 Continue" after the other', async () => {
    const url = await serve('', 'HTTP/1.1 100 Continue\r\n\r\n');
    const { facts, signal } = createRecordingContext({ workDir: folder }).context;
    const source = await openSource(join(folder, 'file'), [folder]);
    const options = { contentType: undefined, facts, signal, stallMs: 25, onSent: () => undefined };
    await expect(putFile(url, source, options)).rejects.toMatchObject({ code: 'UPLOAD_STALLED' });
    await source.file.close();
  });
});
