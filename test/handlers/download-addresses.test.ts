import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HandlerFacts, HandlerResult } from '../../agent/handler-api.ts';
import { addressProblem, hostProblem } from '../../agent/handler-tools/allowed-address.ts';
import { downloadFile, downloadFileHandler } from '../../handlers/download-file/handler.ts';
import { startFileServer } from '../fixtures/file-server.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const OURSELVES = 'a loopback or link-local address';
const METADATA = 'the metadata service of a cloud';

test.each([
  '127.0.0.1',
  '127.255.0.9',
  '0.0.0.0',
  '169.254.7.7',
  '::1',
  '::',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:a9fe:707',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  '64:ff9b::7f00:1',
])('%s is refused unless its host is listed', (address) => {
  expect(addressProblem(address, false)).toBe(OURSELVES);
  expect(addressProblem(address, true)).toBeUndefined();
});

test.each([
  '169.254.169.254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '64:ff9b::a9fe:a9fe',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
])('%s is refused even when its host is listed', (address) => {
  expect(addressProblem(address, true)).toBe(METADATA);
});

test.each(['8.8.8.8', '10.0.0.1', '192.168.1.1', '172.16.0.1', '2600::1', 'fd00::1', '::ffff:8.8.8.8', '168.254.0.1'])(
  '%s is allowed: artifacts of a plant lie on private addresses',
  (address) => expect(addressProblem(address, false)).toBeUndefined(),
);

test('a name is no address', () => {
  expect(hostProblem('localhost', false)).toBeUndefined();
  expect(hostProblem('[::1]', false)).toBe(OURSELVES);
});

describe('before anything runs', () => {
  const rows: [string, string][] = [
    ['https://127.0.0.1/x', 'leads to 127.0.0.1, a loopback or link-local address'],
    ['https://2130706433/x', 'leads to 127.0.0.1, a loopback or link-local address'],
    ['https://0x7f.1/x', 'leads to 127.0.0.1, a loopback or link-local address'],
    ['https://[::ffff:169.254.169.254]/x', 'leads to [::ffff:a9fe:a9fe], the metadata service of a cloud'],
    ['https://169.254.169.254/latest', 'leads to 169.254.169.254, the metadata service of a cloud'],
  ];
  test.each(rows)('%s is refused', (url, reason) => {
    const { facts } = createRecordingContext({ workDir: '/', facts: { insecureDownloadHosts: [] } }).context;
    expect(downloadFileHandler.check?.({ url, path: '/x' }, facts)).toEqual({ pointer: '/url', reason });
  });

  test('a listed host is not', () => {
    const facts = { insecureDownloadHosts: [], localDownloadHosts: ['127.0.0.1'] };
    const { context } = createRecordingContext({ workDir: '/', facts });
    expect(downloadFileHandler.check?.({ url: 'https://127.0.0.1/x', path: '/x' }, context.facts)).toBeUndefined();
  });
});

describe('while it runs', () => {
  test('a name that leads to loopback is refused, and nothing is connected to', async () => {
    const { port, requests } = await serve();
    const result = await run(`https://localhost:${port}/x`, { insecureDownloadHosts: [] });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_ADDRESS_REFUSED' });
    expect(result).toHaveProperty('message', `localhost is ${OURSELVES}`);
    expect(requests).toEqual([]);
  });

  test('a listed name is not', async () => {
    const { port } = await serve();
    const result = await run(`http://localhost:${port}/x`, { insecureDownloadHosts: ['localhost'] });
    expect(result).toMatchObject({ kind: 'succeeded' });
  });

  test.each([
    'https://169.254.169.254/latest/meta-data/iam',
    'http://169.254.169.254/latest/meta-data/iam',
    'https://[fd00:ec2::254]/',
    'https://127.0.0.2/',
    'https://localhost/',
  ])('a redirect to %s is refused', async (location) => {
    const { port } = await serve(location);
    const result = await run(`http://127.0.0.1:${port}/x`, { insecureDownloadHosts: ['127.0.0.1'] });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'DOWNLOAD_ADDRESS_REFUSED' });
  });
});

async function serve(location?: string) {
  const server = await startFileServer((_, response) => {
    if (location === undefined) response.end('x');
    else response.writeHead(302, { location }).end();
  });
  onTestFinished(() => server.close());
  return { port: new URL(server.origin).port, requests: server.requests };
}

async function run(url: string, facts: Partial<HandlerFacts>): Promise<HandlerResult> {
  const folder = await mkdtemp(join(tmpdir(), 'download-addresses-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { context } = createRecordingContext({ workDir: folder, facts });
  return downloadFile(context, { url, path: 'file', retrySeconds: 0 });
}
