import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerResult } from '../../agent/handler-api.ts';
import { uploadFile, uploadFileHandler } from '../../handlers/upload-file/handler.ts';
import type { UploadFileParameters } from '../../handlers/upload-file/parameters.ts';
import { createCertificateAuthority } from '../fixtures/certificates.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const CONTENT = 'what is uploaded\n';
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const QUERY = 'X-Amz-Signature=SECRET';

let folder: string;
let workDir: string;
let logs: string;
let servers: FileServer[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upload-file-'));
  workDir = join(folder, 'work');
  logs = join(folder, 'logs');
  for (const path of [workDir, logs]) await mkdir(path);
  await writeFile(join(workDir, 'file'), CONTENT);
  await writeFile(join(folder, 'private.key'), 'PRIVATE');
  servers = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('an upload that succeeds', () => {
  test('is one PUT with the length and the whole content', async () => {
    const { origin, requests, bodies } = await serveAll();
    const result = await upload({ url: `${origin}/a?${QUERY}`, path: 'file', contentType: 'text/plain' });
    const path = join(workDir, 'file');
    expect(result).toEqual({ kind: 'succeeded', details: { path, bytes: CONTENT.length, sha256: SHA256 } });
    expect(bodies).toEqual([CONTENT]);
    expect(requests.map(({ method, url }) => [method, url])).toEqual([['PUT', `/a?${QUERY}`]]);
    expect(requests[0]?.headers).toMatchObject({ 'content-length': '17', 'content-type': 'text/plain' });
    expect(requests[0]?.headers).not.toHaveProperty('transfer-encoding'); // which S3 does not take
  });

  test('an empty file is one, too', async () => {
    const { origin, requests } = await serveAll();
    await writeFile(join(workDir, 'file'), '');
    expect(await upload({ url: origin, path: 'file' })).toMatchObject({ kind: 'succeeded', details: { bytes: 0 } });
    expect(requests[0]?.headers['content-length']).toBe('0');
  });

  test('a file in a folder of uploadFolders is sent, by a link within it, too', async () => {
    const { origin, bodies } = await serveAll();
    await writeFile(join(logs, 'app.log.1'), 'log');
    await symlink('app.log.1', join(logs, 'app.log'));
    expect(await upload({ url: origin, path: join(logs, 'app.log') })).toMatchObject({ kind: 'succeeded' });
    expect(bodies).toEqual(['log']);
  });

  test('tells bytes and percent', async () => {
    const { origin } = await serveAll();
    await writeFile(join(workDir, 'file'), Buffer.alloc(200_000));
    const recording = recordingContext();
    await uploadFile(recording.context, { url: origin, path: 'file' }, []);
    expect(recording.progress.length).toBeGreaterThan(1);
    expect(recording.progress.at(-1)).toEqual({ bytesSent: 200_000, percent: 100 });
  });

  test('a file that grows meanwhile is sent as long as it was', async () => {
    const path = join(workDir, 'file');
    await writeFile(path, Buffer.alloc(1_000_000));
    const { origin, bodies } = await serveAll(() => void appendFile(path, 'more'));
    expect(await upload({ url: origin, path: 'file' })).toMatchObject({ details: { bytes: 1_000_000 } });
    expect(bodies[0]?.length).toBe(1_000_000);
  });
});

describe('tries again', () => {
  test.each([
    ['500', (response: ServerResponse) => response.writeHead(500).end()],
    ['503', (response: ServerResponse) => response.writeHead(503).end()],
    ['429', (response: ServerResponse) => response.writeHead(429).end()],
    ['a connection that breaks', (response: ServerResponse) => response.destroy()],
  ])('after %s, with the whole file', async (_, fail) => {
    const bodies: string[] = [];
    const { origin } = await serve(async (request, response) => {
      bodies.push(await bodyOf(request));
      if (bodies.length < 3) fail(response);
      else response.end();
    });
    expect(await upload({ url: origin, path: 'file' }, [0, 0])).toMatchObject({ kind: 'succeeded' });
    expect(bodies).toEqual([CONTENT, CONTENT, CONTENT]);
  });

  test('as often as it has delays, and no more', async () => {
    const { origin, requests } = await serve((_, response) => response.writeHead(503).end());
    expect(await upload({ url: origin, path: 'file' }, [0, 0])).toMatchObject({ reasonCode: 'UPLOAD_HTTP_STATUS' });
    expect(requests).toHaveLength(3);
  });

  test.each([400, 403, 404, 301])('not after %i', async (status) => {
    const { origin, requests } = await serve((_, response) => response.writeHead(status, { location: '/x' }).end());
    expect(await upload({ url: origin, path: 'file' }, [0, 0])).toMatchObject({ kind: 'failed' });
    expect(requests).toHaveLength(1);
  });
});

describe('what fails', () => {
  test('403 says why, and nothing of the signature', async () => {
    const { origin } = await serve((_, response) =>
      response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'),
    );
    const result = await upload({ url: `${origin}/a?${QUERY}`, path: 'file' });
    expect(result).toMatchObject({
      reasonCode: 'UPLOAD_DENIED',
      message: `${origin}/a answered 403 Forbidden (AccessDenied); a pre-signed URL may have expired`,
    });
  });

  test('a refusal before the file was read is told, not the broken connection', async () => {
    await writeFile(join(workDir, 'file'), Buffer.alloc(8_000_000));
    const { origin } = await serve((_, response) => response.writeHead(403, { connection: 'close' }).end());
    expect(await upload({ url: origin, path: 'file' })).toMatchObject({ reasonCode: 'UPLOAD_DENIED' });
  });

  test('a file that is too large is not sent', async () => {
    const { origin, requests } = await serveAll();
    expect(await upload({ url: origin, path: 'file', maxBytes: 16 })).toMatchObject({ reasonCode: 'UPLOAD_TOO_LARGE' });
    expect(requests).toEqual([]);
  });

  test('a file that is not there is UPLOAD_FILE_UNREADABLE', async () => {
    const { origin } = await serveAll();
    expect(await upload({ url: origin, path: 'no-file' })).toMatchObject({ reasonCode: 'UPLOAD_FILE_UNREADABLE' });
  });

  test('a file that becomes shorter is UPLOAD_FILE_UNREADABLE', async () => {
    const path = join(workDir, 'file');
    await writeFile(path, Buffer.alloc(64_000_000));
    const { origin } = await serve((request) => void truncate(path, 10).then(() => request.resume()));
    expect(await upload({ url: origin, path: 'file' })).toMatchObject({ reasonCode: 'UPLOAD_FILE_UNREADABLE' });
  });

  test('a certificate nobody vouches for is UPLOAD_TLS, and nothing is sent', async () => {
    const authority = await createCertificateAuthority('Unknown');
    const certificate = await authority.issue({ commonName: 'x', usage: 'server', ipAddresses: ['127.0.0.1'] });
    const server = await startFileServer((_, response) => response.end(), certificate);
    servers.push(server);
    expect(await upload({ url: server.origin, path: 'file' })).toMatchObject({ reasonCode: 'UPLOAD_TLS' });
    expect(server.requests).toEqual([]);
  });

  test('a server that is not there is UPLOAD_CONNECTION', async () => {
    const { origin, close } = await serveAll();
    await close();
    expect(await upload({ url: origin, path: 'file' }, [0])).toMatchObject({ reasonCode: 'UPLOAD_CONNECTION' });
  });

  test('an upload that is stopped says so', async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { origin } = await serve(() => arrived());
    const recording = recordingContext();
    const running = uploadFile(recording.context, { url: origin, path: 'file' });
    await arrival;
    recording.stop();
    expect(await running).toMatchObject({ kind: 'failed', reasonCode: 'UPLOAD_STOPPED' });
  });
});

describe('what is not given away', () => {
  test.each([
    ['a link out of the working folder', 'work/link', '../private.key'],
    ['a link out of uploadFolders', 'logs/link', '/proc/self/environ'],
  ])('%s', async (_, place, target) => {
    const { origin, requests } = await serveAll();
    await symlink(target, join(folder, place));
    expect(await upload({ url: origin, path: join(folder, place) })).toMatchObject({
      reasonCode: 'UPLOAD_FILE_REFUSED',
    });
    expect(requests).toEqual([]);
  });

  test('a pipe, which is not even opened: that could be an act', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await symlink(pipe, join(logs, 'app.log'));
    // Waits until somebody opens the other end.
    const writer = spawn('sh', ['-c', 'echo ready; exec 3> "$1"; echo opened', 'sh', pipe], { stdio: 'pipe' });
    await once(writer.stdout, 'data');
    let said = '';
    writer.stdout.on('data', (text) => {
      said += text;
    });
    const { origin } = await serveAll();
    expect(await upload({ url: origin, path: join(logs, 'app.log') })).toMatchObject({
      reasonCode: 'UPLOAD_FILE_REFUSED',
    });
    writer.kill('SIGKILL');
    await once(writer, 'close');
    expect(said).toBe('');
  });

  test('a folder in between that is a link', async () => {
    const { origin } = await serveAll();
    await symlink('..', join(workDir, 'up'));
    expect(await upload({ url: origin, path: 'up/private.key' })).toMatchObject({ reasonCode: 'UPLOAD_FILE_REFUSED' });
  });

  test('a folder', async () => {
    const { origin } = await serveAll();
    await mkdir(join(workDir, 'sub'));
    expect(await upload({ url: origin, path: 'sub' })).toMatchObject({ reasonCode: 'UPLOAD_FILE_REFUSED' });
  });

  test.each(['/etc/shadow', '/var/logs/x', '/var/log', '/'])('%s is refused before anything runs', (path) => {
    const { facts } = createRecordingContext({ workDir, facts: { uploadFolders: ['/var/log'] } }).context;
    const problem = uploadFileHandler.check?.({ url: 'https://a.example/', path }, facts);
    expect(problem).toMatchObject({ pointer: '/path', reason: expect.stringContaining('/var/log') });
  });

  test.each(['/var/log/syslog', 'file', 'sub/file'])('%s may be tried', (path) => {
    const { facts } = createRecordingContext({ workDir, facts: { uploadFolders: ['/var/log'] } }).context;
    expect(uploadFileHandler.check?.({ url: 'https://a.example/', path }, facts)).toBeUndefined();
  });
});

function recordingContext() {
  return createRecordingContext({ workDir, facts: { uploadFolders: [logs] } });
}

function upload(parameters: UploadFileParameters, delaysMs: readonly number[] = []): Promise<HandlerResult> {
  return uploadFile(recordingContext().context, parameters, delaysMs);
}

async function serve(listener: RequestListener): Promise<FileServer> {
  const server = await startFileServer(listener);
  servers.push(server);
  return server;
}

/** Takes everything. */
async function serveAll(onRequest: () => void = () => undefined) {
  const bodies: string[] = [];
  const server = await serve(async (request, response) => {
    onRequest();
    bodies.push(await bodyOf(request));
    response.end();
  });
  return { ...server, bodies };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) text += piece;
  return text;
}
