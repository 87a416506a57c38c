import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HandlerFacts, type HandlerResult, openReplacement, writerOf } from '../../agent/handler-api.ts';
import { fetchResponse } from '../../handlers/download-file/fetch-response.ts';
import { downloadFileHandler } from '../../handlers/download-file/handler.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { createCertificateAuthority } from '../fixtures/certificates.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const CONTENT = 'what is downloaded\n';
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const QUERY = 'X-Amz-Signature=SECRET';

let folder: string;
let servers: FileServer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-file-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a download that was killed', () => {
  test('is cleaned up after, and the old file stays', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    const path = join(folder, 'file');
    await writeFile(path, 'old');
    await leavePart(path);
    expect(await readdir(folder)).toHaveLength(2);
    const { context } = createRecordingContext({ workDir: folder });
    await downloadFileHandler.cleanup?.(context, { url: origin, path: 'file' });
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('runs again over what it left', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    const path = join(folder, 'file');
    await leavePart(path);
    await download({ url: origin, path });
    expect(await readFile(path, 'utf8')).toBe(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  async function leavePart(path: string): Promise<void> {
    const { context } = createRecordingContext({ workDir: folder });
    const killed = await openReplacement(path, { writer: writerOf(context) });
    await killed.file.writeFile('what is down');
    await killed.file.close();
  }
});

describe('a download that succeeds', () => {
  test('puts the file in place and tells size and hash', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    const path = join(folder, 'file');
    const result = await download({ url: `${origin}/a?${QUERY}`, path, sha256: SHA256.toUpperCase() });
    expect(result).toEqual({ kind: 'succeeded', details: { path, bytes: CONTENT.length, sha256: SHA256 } });
    expect(await readFile(path, 'utf8')).toBe(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('comes from a server that a private authority vouches for', async () => {
    const { server, caPem } = await servePrivately();
    const result = await download(
      { url: server.origin, path: 'file' },
      { downloadCaPem: caPem, localDownloadHosts: ['127.0.0.1'] },
    );
    expect(result).toMatchObject({ kind: 'succeeded' });
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(CONTENT);
  });

  test('counts a relative path from the working folder', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await download({ url: origin, path: 'file' });
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(CONTENT);
  });

  test('sets the mode it is told', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await download({ url: origin, path: 'file', mode: '0750' });
    expect(await modeOf('file')).toBe(0o750);
  });

  test('keeps the mode of the file it replaces', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await writeFile(join(folder, 'file'), 'old', { mode: 0o600 });
    await download({ url: origin, path: 'file' });
    expect(await modeOf('file')).toBe(0o600);
  });

  test('replaces a link, not what it points to', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await writeFile(join(folder, 'target'), 'untouched');
    await symlink('target', join(folder, 'file'));
    await download({ url: origin, path: 'file' });
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('untouched');
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe(CONTENT);
  });

  test('tells bytes and percent where the length is known', async () => {
    const { origin } = await serve((_, response) => {
      response.setHeader('content-length', CONTENT.length);
      response.end(CONTENT);
    });
    const recording = createRecordingContext({ workDir: folder });
    await downloadFileHandler.run(recording.context, { url: origin, path: 'file' });
    expect(recording.progress.at(-1)).toEqual({ bytesReceived: CONTENT.length, percent: 100 });
  });

  test('tells bytes alone where it is not', async () => {
    const { origin } = await serve((_, response) => {
      response.write(CONTENT);
      response.end();
    });
    const recording = createRecordingContext({ workDir: folder });
    await downloadFileHandler.run(recording.context, { url: origin, path: 'file' });
    expect(recording.progress.at(-1)).toEqual({ bytesReceived: CONTENT.length });
  });

  test('stores packed content as it came', async () => {
    const packed = Buffer.from([0x1f, 0x8b, 1, 2, 3]);
    const { origin } = await serve((_, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(packed);
    });
    await download({ url: origin, path: 'file' });
    expect(await readFile(join(folder, 'file'))).toEqual(packed);
  });

  test('removes what its own last attempt left behind', async () => {
    const half = await serve((_, response) => stallAfter(response, 'half'));
    const first = createRecordingContext({ workDir: folder, onProgress: () => reached() });
    let reached = () => {};
    const begun = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const running = downloadFileHandler.run(first.context, { url: half.origin, path: 'file' });
    await begun;
    const [part = ''] = await readdir(folder);
    await writeFile(join(folder, 'copy'), await readFile(join(folder, part)));
    first.stop();
    await running;
    await writeFile(join(folder, part), await readFile(join(folder, 'copy'))); // as a power cut would have left it
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await download({ url: origin, path: 'file' });
    expect((await readdir(folder)).sort()).toEqual(['copy', 'file']);
  });
});

describe('a download that fails leaves the old file', () => {
  const rows: [string, string, Partial<DownloadFileParameters>, RequestListener][] = [
    ['a wrong hash', 'DOWNLOAD_HASH_MISMATCH', { sha256: '0'.repeat(64) }, (_, response) => response.end(CONTENT)],
    ['status 404', 'DOWNLOAD_HTTP_STATUS', {}, (_, response) => response.writeHead(404).end('no such file')],
    ['status 204', 'DOWNLOAD_HTTP_STATUS', {}, (_, response) => response.writeHead(204).end()],
    [
      'an announced size over the limit',
      'DOWNLOAD_TOO_LARGE',
      { maxBytes: 5 },
      (_, response) => announce(response, 19),
    ],
    ['a real size over the limit', 'DOWNLOAD_TOO_LARGE', { maxBytes: 5 }, (_, response) => sendInPieces(response)],
    ['a connection cut in the middle', 'DOWNLOAD_INCOMPLETE', {}, (_, response) => cutAfter(response, 'half')],
    [
      'a chunked body cut in the middle',
      'DOWNLOAD_INCOMPLETE',
      {},
      (_, response) => response.write('half', () => response.destroy()),
    ],
    ['a connection cut before the answer', 'DOWNLOAD_CONNECTION', {}, (_, response) => response.destroy()],
    ['a redirect without a place', 'DOWNLOAD_FAILED', {}, (_, response) => response.writeHead(302).end()],
    ['a redirect to ftp', 'DOWNLOAD_URL_REFUSED', {}, (_, response) => redirect(response, 'ftp://127.0.0.1/x')],
    [
      'a redirect to a refused host',
      'DOWNLOAD_URL_REFUSED',
      {},
      (_, response) => redirect(response, 'http://elsewhere.example/x'),
    ],
    ['redirects without end', 'DOWNLOAD_TOO_MANY_REDIRECTS', {}, (_, response) => redirect(response, '/again')],
  ];
  test.each(rows)('%s is %s', async (_, code, parameters, listener) => {
    await writeFile(join(folder, 'file'), 'old');
    const { origin } = await serve(listener);
    const result = await download({ url: `${origin}/a/b?${QUERY}`, path: 'file', ...parameters });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: code });
    expect(JSON.stringify(result)).not.toContain('SECRET');
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
  });

  test('the limit of the agent applies as well', async () => {
    const { origin } = await serve((_, response) => announce(response, 19));
    const result = await download({ url: origin, path: 'file', maxBytes: 100 }, { maxDownloadBytes: 10 });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_TOO_LARGE' });
  });

  test('a closed port is DOWNLOAD_CONNECTION', async () => {
    const result = await download({ url: `http://127.0.0.1:${await closedPort()}/`, path: 'file' });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_CONNECTION' });
  });

  test('a certificate nobody vouches for is DOWNLOAD_TLS', async () => {
    const authority = await createCertificateAuthority('Unknown');
    const certificate = await authority.issue({ commonName: 'x', usage: 'server', ipAddresses: ['127.0.0.1'] });
    const server = await startFileServer((_, response) => response.end(CONTENT), certificate);
    servers.push(server);
    const facts = { localDownloadHosts: ['127.0.0.1'] };
    expect(await download({ url: server.origin, path: 'file' }, facts)).toMatchObject({ reasonCode: 'DOWNLOAD_TLS' });
    expect(server.requests).toEqual([]);
  });

  test('a certificate for another host is DOWNLOAD_TLS, whoever signed it', async () => {
    const { server, caPem } = await servePrivately('elsewhere.example');
    const result = await download(
      { url: server.origin, path: 'file' },
      { downloadCaPem: caPem, localDownloadHosts: ['127.0.0.1'] },
    );
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_TLS' });
    expect(server.requests).toEqual([]);
  });

  test('a missing folder is DOWNLOAD_NOT_WRITTEN, before any request', async () => {
    const { origin, requests } = await serve((_, response) => response.end(CONTENT));
    const result = await download({ url: origin, path: 'no/such/folder/file' });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_NOT_WRITTEN' });
    expect(requests).toEqual([]);
  });

  test('a folder in the place of the file is DOWNLOAD_NOT_WRITTEN', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    await mkdir(join(folder, 'file'));
    expect(await download({ url: origin, path: 'file' })).toMatchObject({ reasonCode: 'DOWNLOAD_NOT_WRITTEN' });
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('a place that takes no files is DOWNLOAD_NOT_WRITTEN', async () => {
    const { origin } = await serve((_, response) => response.end(CONTENT));
    expect(await download({ url: origin, path: '/proc/no-file-can-be-made-here' })).toMatchObject({
      reasonCode: 'DOWNLOAD_NOT_WRITTEN',
    });
  });
});

describe('stopping and stalling', () => {
  test('a stopped download leaves what has come, until it is cleaned up', async () => {
    const { origin } = await serve((_, response) => stallAfter(response, 'half'));
    let reached = () => {};
    const begun = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const recording = createRecordingContext({ workDir: folder, onProgress: () => reached() });
    const running = downloadFileHandler.run(recording.context, { url: origin, path: 'file' });
    await begun;
    expect(await readdir(folder)).toHaveLength(1);
    recording.stop();
    expect(await running).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_STOPPED' });
    expect(await readdir(folder)).toEqual([expect.stringMatching(/\.part$/)]);
    await downloadFileHandler.cleanup?.(recording.context, { url: origin, path: 'file' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a server that never answers is DOWNLOAD_STALLED', async () => {
    const { origin } = await serve(() => undefined);
    const response = fetchResponse(origin, { ...FETCH, stallMs: 50 });
    await expect(response).rejects.toMatchObject({ code: 'DOWNLOAD_STALLED' });
  });

  test('a body that stops coming is DOWNLOAD_STALLED', async () => {
    const { origin } = await serve((_, response) => stallAfter(response, 'half'));
    const response = await fetchResponse(origin, { ...FETCH, stallMs: 1_000 });
    response.resume();
    expect((await once(response, 'close').catch((error) => [error])) as unknown).toBeDefined();
    expect(response.errored).toMatchObject({ code: 'DOWNLOAD_STALLED' });
  });
});

describe('redirects', () => {
  test('a relative redirect is followed', async () => {
    const { origin, requests } = await serve((request, response) =>
      request.url === '/new' ? response.end(CONTENT) : redirect(response, '/new'),
    );
    expect(await download({ url: `${origin}/old`, path: 'file' })).toMatchObject({ kind: 'succeeded' });
    expect(requests.map(({ url }) => url)).toEqual(['/old', '/new']);
  });
});

describe('what is refused before anything runs', () => {
  const rows: [string, string][] = [
    ['http://elsewhere.example/file', 'begins with http:, and elsewhere.example is not one of insecureDownloadHosts'],
    ['https://user:pass@a.example/file', 'has a user name or password in it, which would end up in logs'],
    ['https://', 'is not a URL'],
  ];
  test.each(rows)('%s', (url, reason) => {
    const { facts } = createRecordingContext({ workDir: folder }).context;
    expect(downloadFileHandler.check?.({ url, path: '/x' }, facts)).toEqual({ pointer: '/url', reason });
  });

  test('hosts are compared without case', () => {
    const { facts } = createRecordingContext({
      workDir: folder,
      facts: { insecureDownloadHosts: ['Files.LAN'] },
    }).context;
    expect(downloadFileHandler.check?.({ url: 'http://FILES.lan/x', path: '/x' }, facts)).toBeUndefined();
  });
});

const FETCH = { facts: createRecordingContext({ workDir: '/' }).context.facts, signal: new AbortController().signal };

async function serve(listener: RequestListener): Promise<FileServer> {
  const server = await startFileServer(listener);
  servers.push(server);
  return server;
}

/** Over TLS, with a certificate of an authority that nobody else knows; for 127.0.0.1 unless a name is given. */
async function servePrivately(dnsName?: string): Promise<{ server: FileServer; caPem: string }> {
  const authority = await createCertificateAuthority('Private');
  const names = dnsName === undefined ? { ipAddresses: ['127.0.0.1'] } : { dnsNames: [dnsName] };
  const certificate = await authority.issue({ commonName: 'x', usage: 'server', ...names });
  const server = await startFileServer((_, response) => response.end(CONTENT), certificate);
  servers.push(server);
  return { server, caPem: authority.caPem };
}

function download(parameters: DownloadFileParameters, facts: Partial<HandlerFacts> = {}): Promise<HandlerResult> {
  return downloadFileHandler.run(createRecordingContext({ workDir: folder, facts }).context, {
    retrySeconds: 0,
    ...parameters,
  });
}

function announce(response: ServerResponse, length: number): void {
  response.setHeader('content-length', length);
  response.flushHeaders();
}

function sendInPieces(response: ServerResponse): void {
  for (const letter of CONTENT) response.write(letter);
  response.end();
}

function stallAfter(response: ServerResponse, text: string): void {
  response.setHeader('content-length', 1000);
  response.write(text);
}

function cutAfter(response: ServerResponse, text: string): void {
  response.setHeader('content-length', 1000);
  response.write(text, () => response.destroy());
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

async function modeOf(name: string): Promise<number> {
  return (await stat(join(folder, name))).mode & 0o777;
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
