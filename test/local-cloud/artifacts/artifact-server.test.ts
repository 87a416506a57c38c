import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { presignUrl } from '../../../local-cloud/artifacts/presigned-url.ts';
import { startTestCloud, type TestCloud } from '../../fixtures/job-cloud.ts';
import { createLogLines } from '../../fixtures/log-lines.ts';
import { askStore } from './store-client.ts';

const TEXT = '0123456789';

async function cloudWithObject(text: string = TEXT): Promise<TestCloud> {
  const cloud = await startTestCloud();
  await mkdir(join(cloud.dataDir, 'artifacts/firmware/v1'), { recursive: true });
  await writeFile(join(cloud.dataDir, 'artifacts/firmware/v1/app.bin'), text);
  return cloud;
}

/** A URL as the cloud itself signs it. */
function urlOf(cloud: TestCloud, path: string, method = 'GET', query: Record<string, string> = {}): string {
  const signing = { method, origin: cloud.artifactsUrl, path, query, expiresInSec: 60, nowMs: cloud.clock.now() };
  return presignUrl(signing, cloud.credentials);
}

describe('downloads', () => {
  test('an object is given whole, with what a client needs to go on later', async () => {
    const cloud = await cloudWithObject();
    const { status, headers, body } = await askStore(cloud, urlOf(cloud, '/firmware/v1/app.bin'));
    expect({ status, body: body.toString() }).toEqual({ status: 200, body: TEXT });
    expect(headers).toMatchObject({
      'content-length': '10',
      'accept-ranges': 'bytes',
      etag: expect.stringMatching(/^"[0-9a-f]{32}-1"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    });
  });

  test('HEAD tells the same without the object', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin', 'HEAD');
    const { status, headers, body } = await askStore(cloud, url, { method: 'HEAD' });
    expect({ status, length: headers['content-length'], body: body.length }).toEqual({
      status: 200,
      length: '10',
      body: 0,
    });
  });

  test('a download that broke goes on where it was', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin');
    const { etag = '' } = (await askStore(cloud, url)).headers;
    const rest = await askStore(cloud, url, { headers: { range: 'bytes=4-', 'if-range': etag } });
    expect(rest).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 4-9/10', 'content-length': '6' } });
    expect(rest.body.toString()).toBe('456789');
  });

  test('of an object that changed meanwhile the whole is given', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin');
    const { etag = '' } = (await askStore(cloud, url)).headers;
    await writeFile(join(cloud.dataDir, 'artifacts/firmware/v1/app.bin'), 'abcdefghij');
    const rest = await askStore(cloud, url, { headers: { range: 'bytes=4-', 'if-range': etag } });
    expect({ status: rest.status, body: rest.body.toString() }).toEqual({ status: 200, body: 'abcdefghij' });
  });

  test('a range behind the end is 416 and says how long the object is', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin');
    expect(await askStore(cloud, url, { headers: { range: 'bytes=10-' } })).toMatchObject({
      status: 416,
      code: 'InvalidRange',
      headers: { 'content-range': 'bytes */10' },
    });
  });

  test.each([
    ['if-none-match', (etag: string) => etag, 304],
    ['if-none-match', () => '"other"', 200],
    ['if-match', (etag: string) => etag, 200],
    ['if-match', () => '"other"', 412],
    ['if-modified-since', () => 'Fri, 01 Jan 2100 00:00:00 GMT', 304],
    ['if-unmodified-since', () => 'Sat, 01 Jan 2000 00:00:00 GMT', 412],
  ] as const)('%s is heeded (%s, %i)', async (header, value, status) => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin');
    const { etag = '' } = (await askStore(cloud, url)).headers;
    expect(await askStore(cloud, url, { headers: { [header]: value(etag) } })).toMatchObject({ status });
  });

  test('an empty object is given', async () => {
    const cloud = await cloudWithObject('');
    const { status, body } = await askStore(cloud, urlOf(cloud, '/firmware/v1/app.bin'));
    expect({ status, length: body.length }).toEqual({ status: 200, length: 0 });
  });

  test('a version is the file beside it', async () => {
    const cloud = await cloudWithObject();
    await writeFile(join(cloud.dataDir, 'artifacts/firmware/v1/app.bin?versionId=v%2F2'), 'two');
    const ask = (versionId: string) => askStore(cloud, urlOf(cloud, '/firmware/v1/app.bin', 'GET', { versionId }));
    expect((await ask('v/2')).body.toString()).toBe('two');
    expect((await ask('null')).body.toString()).toBe(TEXT);
    expect(await ask('v3')).toMatchObject({ status: 404, code: 'NoSuchVersion' });
  });

  test('a file that shrinks while it is sent ends the connection, and nobody waits for the rest', async () => {
    const { log } = createLogLines();
    const cloud = await startTestCloud({ log });
    const path = join(cloud.dataDir, 'artifacts/firmware/big');
    await mkdir(join(cloud.dataDir, 'artifacts/firmware'));
    const bytes = 64 * 1024 * 1024;
    await writeFile(path, '');
    await truncate(path, bytes);
    const ca = await readFile(cloud.caPath);
    const sent = request(urlOf(cloud, '/firmware/big'), { ca, agent: false });
    sent.on('error', () => undefined);
    sent.end();
    const [response] = await once(sent, 'response');
    response.on('error', () => undefined);
    await truncate(path, 1024);
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await new Promise((resolve) => response.on('close', resolve));
    expect(received).toBeLessThan(bytes);
    expect(response.complete).toBe(false);
  });

  test('250 MB pass through in constant memory', async () => {
    const cloud = await startTestCloud();
    await mkdir(join(cloud.dataDir, 'artifacts/firmware'));
    const path = join(cloud.dataDir, 'artifacts/firmware/big');
    await writeFile(path, '');
    await truncate(path, 250_000_000);
    const ca = await readFile(cloud.caPath);
    const sent = request(urlOf(cloud, '/firmware/big'), { ca, agent: false });
    sent.end();
    const [response] = await once(sent, 'response');
    const before = process.memoryUsage().rss;
    let received = 0;
    let most = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect(received).toBe(250_000_000);
    expect(most).toBeLessThan(150_000_000);
  });
});

describe('uploads', () => {
  test('an object is put where its URL says, in folders that are made', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/a/b/c.log', 'PUT');
    expect(await askStore(cloud, url, { method: 'PUT', body: 'log' })).toMatchObject({ status: 200 });
    expect(await readFile(join(cloud.dataDir, 'artifacts/firmware/a/b/c.log'), 'utf8')).toBe('log');
    expect(await readdir(join(cloud.dataDir, 'artifacts/.uploads'))).toEqual([]);
  });

  test('an upload that breaks off leaves the object as it was, and nothing else', async () => {
    const cloud = await cloudWithObject();
    const ca = await readFile(cloud.caPath);
    const url = urlOf(cloud, '/firmware/v1/app.bin', 'PUT');
    const sent = request(url, { ca, agent: false, method: 'PUT', headers: { 'content-length': '1000000' } });
    sent.on('error', () => undefined);
    const uploads = join(cloud.dataDir, 'artifacts/.uploads');
    sent.write('x'.repeat(1000));
    await expect.poll(() => readdir(uploads)).toHaveLength(1);
    sent.destroy();
    await expect.poll(() => readdir(uploads)).toEqual([]);
    expect(await readFile(join(cloud.dataDir, 'artifacts/firmware/v1/app.bin'), 'utf8')).toBe(TEXT);
  });

  test('Content-MD5 is held to', async () => {
    const cloud = await cloudWithObject();
    const put = (md5: string) =>
      askStore(cloud, urlOf(cloud, '/firmware/m', 'PUT'), {
        method: 'PUT',
        body: 'abc',
        headers: { 'content-md5': md5 },
      });
    expect(await put(createHash('md5').update('abd').digest('base64'))).toMatchObject({ code: 'BadDigest' });
    expect(await put('no')).toMatchObject({ code: 'InvalidDigest' });
    expect(await askStore(cloud, urlOf(cloud, '/firmware/m'))).toMatchObject({ code: 'NoSuchKey' });
    expect(await put(createHash('md5').update('abc').digest('base64'))).toMatchObject({ status: 200 });
  });

  test.each([
    ['/none/k', 404, 'NoSuchBucket'],
    ['/firmware/a//b', 400, 'InvalidArgument'],
    ['/firmware/../k', 400, 'InvalidArgument'],
    ['/firmware/v1', 400, 'InvalidArgument'],
    ['/firmware/v1/app.bin/k', 400, 'InvalidArgument'],
    ['/.uploads/k', 400, 'InvalidArgument'],
  ])('PUT of %s is %i %s', async (path, status, code) => {
    const cloud = await cloudWithObject();
    const answer = await askStore(cloud, urlOf(cloud, path, 'PUT'), { method: 'PUT', body: 'x' });
    expect(answer).toMatchObject({ status, code });
  });

  test('a body without a length is refused', async () => {
    const cloud = await cloudWithObject();
    const headers = { 'transfer-encoding': 'chunked' };
    const answer = await askStore(cloud, urlOf(cloud, '/firmware/k', 'PUT'), { method: 'PUT', headers });
    expect(answer).toMatchObject({ status: 411, code: 'MissingContentLength' });
  });

  test('an upload larger than S3 takes is refused before it is sent', async () => {
    const cloud = await cloudWithObject();
    const ca = await readFile(cloud.caPath);
    const headers = { 'content-length': String(5 * 1024 ** 3 + 1) };
    const sent = request(urlOf(cloud, '/firmware/k', 'PUT'), { ca, agent: false, method: 'PUT', headers });
    sent.on('error', () => undefined);
    sent.flushHeaders();
    const [response] = await once(sent, 'response');
    expect(response.statusCode).toBe(400);
    sent.destroy();
  });
});

describe('who gets nothing', () => {
  test.each([
    ['without a signature', (cloud: TestCloud) => `${cloud.artifactsUrl}/firmware/v1/app.bin`, 'AccessDenied'],
    ['with an altered path', (cloud: TestCloud) => urlOf(cloud, '/firmware/k').replace('/k?', '/v1/app.bin?'), null],
    ['with an altered expiry', (cloud: TestCloud) => urlOf(cloud, '/firmware/k').replace('=60&', '=600&'), null],
  ])('a request %s is refused', async (_what, url, code) => {
    const cloud = await cloudWithObject();
    const answer = await askStore(cloud, url(cloud));
    expect(answer).toMatchObject({ status: 403, code: code ?? 'SignatureDoesNotMatch' });
  });

  test("a URL expires by the cloud's clock", async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/v1/app.bin');
    cloud.clock.advance(61_000);
    const { status, code, body } = await askStore(cloud, url);
    expect({ status, code }).toEqual({ status: 403, code: 'AccessDenied' });
    expect(body.toString()).toContain('<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires>');
  });

  test.each([
    ['DELETE', '/firmware/v1/app.bin', 405, 'MethodNotAllowed'],
    ['GET', '/firmware', 501, 'NotImplemented'],
    ['GET', '/', 501, 'NotImplemented'],
    ['GET', '/none/k', 404, 'NoSuchBucket'],
    ['GET', '/firmware/none', 404, 'NoSuchKey'],
    ['GET', '/firmware/v1', 404, 'NoSuchKey'],
    ['GET', '/firmware/v1/', 404, 'NoSuchKey'],
    ['GET', '/firmware/v1/app.bin/', 404, 'NoSuchKey'],
    ['GET', '/firmware/../../ca.key', 404, 'NoSuchKey'],
    ['GET', '/../ca.key', 404, 'NoSuchBucket'],
    ['GET', '/firmware/v1/app.bin\0', 404, 'NoSuchKey'],
    ['GET', '/firmware/<&>', 404, 'NoSuchKey'],
  ])('%s %j is %i %s', async (method, path, status, code) => {
    const cloud = await cloudWithObject();
    expect(await askStore(cloud, urlOf(cloud, path, method), { method })).toMatchObject({ status, code });
  });

  test('a path that is no UTF-8 is refused', async () => {
    const cloud = await cloudWithObject();
    const url = urlOf(cloud, '/firmware/k').replace('/k?', '/%ff?');
    expect(await askStore(cloud, url)).toMatchObject({ status: 400, code: 'InvalidURI' });
  });
});

describe('what lies in the folder and is no object', () => {
  test.each(['file', 'folder', 'bucket'])('a symbolic link to a %s is not followed', async (what) => {
    const cloud = await cloudWithObject();
    const folder = join(cloud.dataDir, 'artifacts');
    if (what === 'file') await symlink(join(cloud.dataDir, 'ca.key'), join(folder, 'firmware/link'));
    if (what === 'folder') await symlink(cloud.dataDir, join(folder, 'firmware/out'));
    if (what === 'bucket') await symlink(cloud.dataDir, join(folder, 'linked'));
    const path = { file: '/firmware/link', folder: '/firmware/out/ca.key', bucket: '/linked/ca.key' }[what] ?? '';
    expect(await askStore(cloud, urlOf(cloud, path))).toMatchObject({ status: 404 });
    const put = await askStore(cloud, urlOf(cloud, `${path}.new`, 'PUT'), { method: 'PUT', body: 'x' });
    expect(put.status).toBe(what === 'file' ? 200 : what === 'folder' ? 403 : 404);
    expect(await readdir(cloud.dataDir)).not.toContain('ca.key.new');
  });

  test('a symbolic link in the place of an object is replaced by an upload, not written through', async () => {
    const cloud = await cloudWithObject();
    const target = join(cloud.dataDir, 'precious');
    await writeFile(target, 'as it was');
    await symlink(target, join(cloud.dataDir, 'artifacts/firmware/link'));
    const url = urlOf(cloud, '/firmware/link', 'PUT');
    expect(await askStore(cloud, url, { method: 'PUT', body: 'new' })).toMatchObject({ status: 200 });
    expect(await readFile(target, 'utf8')).toBe('as it was');
  });

  test('a pipe is no object, and nobody waits for it', async () => {
    const cloud = await cloudWithObject();
    execFileSync('mkfifo', [join(cloud.dataDir, 'artifacts/firmware/pipe')]);
    expect(await askStore(cloud, urlOf(cloud, '/firmware/pipe'))).toMatchObject({ status: 404, code: 'NoSuchKey' });
  });

  test('a hard link is an object: it is a file of the folder', async () => {
    const cloud = await cloudWithObject();
    const file = join(cloud.dataDir, 'artifacts/firmware/v1/app.bin');
    await link(file, join(cloud.dataDir, 'artifacts/firmware/again'));
    expect((await askStore(cloud, urlOf(cloud, '/firmware/again'))).body.toString()).toBe(TEXT);
  });

  test('what an upload left behind is cleared at the next start', async () => {
    const cloud = await cloudWithObject();
    const draft = await open(join(cloud.dataDir, 'artifacts/.uploads/left'), 'w');
    await draft.close();
    await cloud.close();
    await startTestCloud({ dataDir: cloud.dataDir });
    expect(await readdir(join(cloud.dataDir, 'artifacts/.uploads'))).toEqual([]);
    await rm(join(cloud.dataDir, 'artifacts'), { recursive: true });
  });
});
