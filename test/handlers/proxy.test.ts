import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerFacts } from '../../agent/handler-api.ts';
import { nameProblem } from '../../agent/handler-tools/allowed-address.ts';
import { openTunnel, proxyFor } from '../../agent/handler-tools/proxy-tunnel.ts';
import { downloadFile, downloadFileHandler } from '../../handlers/download-file/handler.ts';
import { DOWNLOAD_PACE } from '../../handlers/download-file/pacing.ts';
import type { DownloadFileParameters } from '../../handlers/download-file/parameters.ts';
import { uploadFile, uploadFileHandler } from '../../handlers/upload-file/handler.ts';
import { createCertificateAuthority } from '../fixtures/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../fixtures/connect-proxy.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const CONTENT = Buffer.alloc(300_000, 'what passes a proxy\n');
const PACE = { ...DOWNLOAD_PACE, firstWaitMs: 1, longestWaitMs: 1 };

let folder: string;
let server: FileServer;
let proxy: ConnectProxy;
let caPem: string;
let listener: RequestListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  const authority = await createCertificateAuthority('Private CA');
  caPem = authority.caPem;
  const certificate = await authority.issue({
    commonName: 'artifacts.example',
    usage: 'server',
    dnsNames: ['artifacts.example'],
    ipAddresses: ['203.0.113.7', '2001:db8::7'],
  });
  listener = (_, response) => response.end(CONTENT);
  server = await startFileServer((request, response) => listener(request, response), certificate);
  proxy = await startConnectProxy({
    targetPort: Number(new URL(server.origin).port),
    credentials: 'gate way:p@ss:word',
  });
});
afterEach(async () => {
  await proxy.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a download through a proxy', () => {
  test.each([
    ['https://artifacts.example/file?X-Amz-Signature=SECRET', 'artifacts.example:443'],
    ['https://artifacts.example:8443/file', 'artifacts.example:8443'],
    ['https://203.0.113.7/file', '203.0.113.7:443'],
    ['https://[2001:db8::7]/file', '[2001:db8::7]:443'],
  ])('%s', async (url, target) => {
    expect(await download({ url })).toMatchObject({ kind: 'succeeded', details: { bytes: CONTENT.length } });
    expect(proxy.targets).toEqual([target]);
    expect(proxy.passedBytes()).toBeGreaterThan(CONTENT.length);
    expect((await readFile(join(folder, 'file'))).equals(CONTENT)).toBe(true);
  });

  test('holds the certificate against the name, not against the proxy', async () => {
    const result = await download({ url: 'https://elsewhere.example/file' });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_TLS' });
  });

  test('trusts no private authority that the operator did not name', async () => {
    const result = await download({ url: 'https://artifacts.example/file' }, { downloadCaPem: '' });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_TLS' });
  });

  test('follows a redirect, through the proxy again', async () => {
    listener = (request, response) =>
      request.url === '/a'
        ? response.writeHead(302, { location: 'https://203.0.113.7/b' }).end()
        : response.end(CONTENT);
    expect(await download({ url: 'https://artifacts.example/a' })).toMatchObject({ kind: 'succeeded' });
    expect(proxy.targets).toEqual(['artifacts.example:443', '203.0.113.7:443']);
  });

  test('goes on where a tunnel was cut', async () => {
    const ranges: (string | undefined)[] = [];
    listener = ({ headers }, response) => {
      ranges.push(headers.range);
      response.setHeader('etag', '"one"');
      if (ranges.length === 1) {
        response.setHeader('content-length', CONTENT.length);
        return void response.write(CONTENT.subarray(0, 100_000));
      }
      const size = CONTENT.length;
      response.writeHead(206, { 'content-range': `bytes 100000-${size - 1}/${size}` }).end(CONTENT.subarray(100_000));
    };
    const onProgress = (details: Readonly<Record<string, string | number>>) => {
      if (details.bytesReceived === 100_000 && ranges.length === 1) proxy.cut();
    };
    expect(await download({ url: 'https://artifacts.example/file' }, {}, onProgress)).toMatchObject({
      kind: 'succeeded',
    });
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
  });

  test('is not what hosts of noProxy, localDownloadHosts and http:// get', async () => {
    const port = new URL(server.origin).port;
    const plain = await startFileServer((_, response) => response.end(CONTENT));
    expect(await download({ url: `${plain.origin}/file` }, { insecureDownloadHosts: ['127.0.0.1'] })).toMatchObject({
      kind: 'succeeded',
    });
    await plain.close();
    const facts = { localDownloadHosts: ['localhost'] };
    expect(await download({ url: `https://localhost:${port}/file` }, facts)).toMatchObject({
      reasonCode: 'DOWNLOAD_TLS',
    });
    const result = await download({ url: 'https://artifacts.example/file' }, { noProxy: ['example'] });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_CONNECTION' }); // no such name
    expect(proxy.targets).toEqual([]);
  });
});

describe('a proxy that does not help', () => {
  test('407 says what to do, and not the password', async () => {
    const httpsProxy = `http://someone:SECRET@127.0.0.1:${proxy.port}`;
    const result = await download({ url: 'https://artifacts.example/file' }, { httpsProxy });
    expect(result).toEqual({
      kind: 'failed',
      reasonCode: 'DOWNLOAD_PROXY',
      message:
        `the proxy 127.0.0.1:${proxy.port} answered 407 Proxy Authentication Required when it was asked for ` +
        'artifacts.example:443: httpsProxy has no user and password, or wrong ones',
      details: {},
    });
    expect(proxy.targets).toHaveLength(1); // once
  });

  test('403 is a rule of it: tried once', async () => {
    proxy.status = 403;
    const result = await download({ url: 'https://artifacts.example/file' });
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_PROXY' });
    expect(proxy.targets).toHaveLength(1);
  });

  test('503 passes: tried again', async () => {
    proxy.status = 503;
    const running = download({ url: 'https://artifacts.example/file', retrySeconds: 60 });
    await expect.poll(() => proxy.targets.length, { interval: 5 }).toBeGreaterThan(2);
    proxy.status = 0;
    expect(await running).toMatchObject({ kind: 'succeeded' });
  });

  test('one that is down is told with its name', async () => {
    const { port } = proxy;
    await proxy.close();
    const result = await download({ url: 'https://artifacts.example/file', retrySeconds: 0 });
    expect(result).toMatchObject({
      reasonCode: 'DOWNLOAD_PROXY',
      message: `the proxy 127.0.0.1:${port} cannot be used: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    proxy = await startConnectProxy({ targetPort: 1 });
  });

  test('one that says nothing is given up', async () => {
    proxy.isSilent = true;
    const tunnel = openTunnel(new URL(`http://127.0.0.1:${proxy.port}`), new URL('https://artifacts.example/'), {
      signal: new AbortController().signal,
      stallMs: 50,
    });
    await expect(tunnel).rejects.toMatchObject({ name: 'ProxyError', isPassing: true });
  });

  test('one that says nothing does not outlast a stop', async () => {
    proxy.isSilent = true;
    const recording = createRecordingContext({ workDir: folder, facts: facts() });
    const running = downloadFile(recording.context, { url: 'https://artifacts.example/file', path: 'file' }, PACE);
    await expect.poll(() => proxy.targets.length, { interval: 5 }).toBe(1);
    recording.stop();
    expect(await running).toMatchObject({ reasonCode: 'DOWNLOAD_STOPPED' });
  });

  test('a file server that is taken for one refuses', async () => {
    const plain = await startFileServer((_, response) => response.end('hello'));
    const result = await download(
      { url: 'https://artifacts.example/file', retrySeconds: 0 },
      { httpsProxy: plain.origin },
    );
    await plain.close();
    expect(result).toMatchObject({ reasonCode: 'DOWNLOAD_PROXY' });
  });
});

describe('behind a proxy, which finds out addresses itself', () => {
  const METADATA = 'the metadata service of a cloud';
  const OURSELVES = 'a loopback or link-local address';
  test.each([
    ['https://169.254.169.254/x', METADATA],
    ['https://[fd00:ec2::254]/x', METADATA],
    ['https://metadata.google.internal/x', METADATA],
    ['https://metadata.google.internal./x', METADATA],
    ['https://METADATA/x', METADATA],
    ['https://instance-data.us-east-1.compute.internal/x', METADATA],
    ['https://localhost/x', OURSELVES],
    ['https://x.localhost./x', OURSELVES],
    ['https://localhost.localdomain/x', OURSELVES],
    ['https://127.0.0.1/x', OURSELVES],
    ['https://0x7f.1/x', OURSELVES],
  ])('%s is refused for its name', (url, problem) => {
    for (const check of [downloadFileHandler.check, uploadFileHandler.check]) {
      const wrong = check?.(
        { url, path: 'x' },
        { ...createRecordingContext({ workDir: '/' }).context.facts, ...facts() },
      );
      expect(wrong).toEqual({ pointer: '/url', reason: `leads to ${new URL(url).hostname}, ${problem}` });
    }
  });

  test('so is where a server redirects to', async () => {
    listener = (_, response) => response.writeHead(302, { location: 'https://metadata.google.internal/' }).end();
    expect(await download({ url: 'https://artifacts.example/file' })).toMatchObject({
      reasonCode: 'DOWNLOAD_ADDRESS_REFUSED',
    });
    expect(proxy.targets).toHaveLength(1);
  });

  test.each(['artifacts.example', 'localhost.example', 'metadata.example', 'my-localhost'])('%s is not', (name) => {
    expect(nameProblem(name, false)).toBeUndefined();
  });
});

test('noProxy names hosts with what is below them', () => {
  const settings = { httpsProxy: 'http://proxy:3128', noProxy: ['Example.com', '.lan', '10.0.0.5', '::1'] };
  const through = ['example.org', 'notexample.com', 'a.lan.example', '10.0.0.50'];
  const direct = ['example.com', 'EXAMPLE.com', 'a.example.com', 'a.example.com.', 'lan', 'b.lan', '10.0.0.5', '[::1]'];
  expect(through.filter((host) => proxyFor(host, settings) === undefined)).toEqual([]);
  expect(direct.filter((host) => proxyFor(host, settings) !== undefined)).toEqual([]);
  expect(proxyFor('example.org', { ...settings, httpsProxy: '' })).toBeUndefined();
});

describe('an upload through a proxy', () => {
  test('brings the file to the server', async () => {
    const bodies: Buffer[] = [];
    listener = (request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk));
      request.on('end', () => response.end());
    };
    expect(await upload('https://artifacts.example/file')).toMatchObject({ kind: 'succeeded' });
    expect(Buffer.concat(bodies).equals(CONTENT)).toBe(true);
    expect(proxy.targets).toEqual(['artifacts.example:443']);
  });

  test('is UPLOAD_PROXY where the proxy refuses', async () => {
    proxy.status = 403;
    expect(await upload('https://artifacts.example/file')).toMatchObject({ reasonCode: 'UPLOAD_PROXY' });
  });

  test('without one, a name that leads to loopback is refused', async () => {
    expect(await upload(`https://localhost:${new URL(server.origin).port}/file`, { httpsProxy: '' })).toMatchObject({
      reasonCode: 'UPLOAD_ADDRESS_REFUSED',
      message: 'localhost is a loopback or link-local address',
    });
    expect(server.requests).toEqual([]);
  });

  async function upload(url: string, more: Partial<HandlerFacts> = {}) {
    await writeFile(join(folder, 'source'), CONTENT);
    const { context } = createRecordingContext({ workDir: folder, facts: { ...facts(), ...more } });
    return uploadFile(context, { url, path: 'source' }, []);
  }
});

function facts(): Partial<HandlerFacts> {
  const httpsProxy = `http://gate%20way:p%40ss%3Aword@127.0.0.1:${proxy.port}`;
  return { httpsProxy, downloadCaPem: caPem, insecureDownloadHosts: [] };
}

async function download(
  parameters: Omit<DownloadFileParameters, 'path'>,
  more: Partial<HandlerFacts> = {},
  onProgress?: (details: Readonly<Record<string, string | number>>) => void,
) {
  const options = {
    workDir: folder,
    facts: { ...facts(), ...more },
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const { context } = createRecordingContext(options);
  return downloadFile(context, { retrySeconds: 5, ...parameters, path: 'file' }, PACE);
}
