import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inventoryHandler } from '../../handlers/inventory/handler.ts';
import { mountsOf, readDisks, readSystem } from '../../handlers/inventory/machine.ts';
import type { InventoryParameters } from '../../handlers/inventory/parameters.ts';
import { type FileServer, startFileServer } from '../fixtures/file-server.ts';
import { usePrograms } from '../fixtures/programs-on-path.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { hasApt } from '../fixtures/scratch-apt.ts';

let folder: string;
let server: FileServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inventory-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

describe('this machine', () => {
  test('is told in at most nine pairs', async () => {
    const result = await take({});
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    expect(result).toMatchObject({ kind: 'succeeded', details: { bootId, agentVersion: '1.2.3' } });
    const { details } = result;
    expect(details.kernel).toBe(execFileSync('uname', ['-rm']).toString().trim());
    expect(details.os).toMatch(new RegExp(`, ${process.arch}$`));
    expect(Object.keys(details).length).toBeLessThanOrEqual(9);
    expect(details.disks).toMatch(/^\/ [\d.]+ of [\d.]+ GiB free/);
  });

  test.runIf(hasApt)('is put to the URL in full, with what df and dpkg-query say', async () => {
    let body = '';
    server = await startFileServer(async (request, response) => {
      for await (const piece of request.setEncoding('utf8')) body += piece;
      response.end();
    });
    const result = await take({ url: `${server.origin}/i.json?X-Amz-Signature=c4n4ry` });
    const inventory = JSON.parse(body);
    expect(result).toMatchObject({ kind: 'succeeded', details: { bytes: Buffer.byteLength(body) } });
    expect(JSON.stringify(result)).not.toContain('c4n4ry');
    const fields = ['db:Status-Status', 'binary:Package', 'Version'].map((field) => `\${${field}}`).join(' ');
    const listed = execFileSync('dpkg-query', ['-W', `-f=${fields}\n`]);
    const installed = listed
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('installed '));
    expect(
      Object.entries(inventory.packages.installed)
        .map((pair) => `installed ${pair.join(' ')}`)
        .sort(),
    ).toEqual(installed.sort());
    expect(inventory).toMatchObject({ thingName: 'gateway-1', packages: { manager: 'apt' } });
    const total = Number(execFileSync('df', ['--block-size=1', '--output=size', '/']).toString().split('\n')[1]);
    expect(inventory.disks[0]).toMatchObject({ mountPoint: '/', totalBytes: total });
    expect(await readdir(folder)).toEqual([]);
  });

  test('has only what was asked for', async () => {
    const { details } = await take({ include: [] });
    expect(Object.keys(details)).not.toEqual(expect.arrayContaining([expect.stringMatching(/disks|network|packages/)]));
    expect((await take({ include: ['disks'] })).details).toHaveProperty('disks');
  });

  test('without a package manager has no packages, and does not fail', async () => {
    await usePrograms(folder);
    expect(await take({ include: ['packages'] })).toMatchObject({
      kind: 'succeeded',
      details: { packages: 'none: 0' },
    });
  });

  test('that cannot be put to the URL fails by the upload’s reason, and leaves nothing', async () => {
    server = await startFileServer((_, response) => void response.writeHead(403).end());
    expect(await take({ include: [], url: server.origin })).toMatchObject({ reasonCode: 'UPLOAD_DENIED' });
    expect(await readdir(folder)).toEqual([]);
  });
});

test('the model of a board and the name of its system are read, whatever quotes are round them', async () => {
  for (const path of ['etc', 'proc/device-tree']) await mkdir(join(folder, path), { recursive: true });
  await writeFile(
    join(folder, 'etc/os-release'),
    `# note\nNAME="Poky"\nPRETTY_NAME="Poky \\"5\\" (x)"\nID='poky'\nVERSION_ID=5.0.1\n`,
  );
  await writeFile(join(folder, 'proc/device-tree/model'), 'Raspberry Pi 4 Model B Rev 1.4\0');
  await writeFile(join(folder, 'proc/device-tree/serial-number'), '10000000abcdef\0');
  expect(await readSystem(folder)).toMatchObject({
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    serial: '10000000abcdef',
    os: { id: 'poky', version: '5.0.1', name: 'Poky "5" (x)' },
  });
});

test('mounts are read with what is escaped in them, the last one at a place', () => {
  const mounts = mountsOf(
    '/dev/sda1 / ext4 rw,relatime 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/sdb1 /mnt/my\\040disk vfat ro,noatime 0 0\n/dev/sdc1 /run ext4 rw,errors=remount-ro 0 0\n',
  );
  expect(mounts).toEqual([
    { device: '/dev/sda1', mountPoint: '/', type: 'ext4', isReadOnly: false },
    { device: '/dev/sdc1', mountPoint: '/run', type: 'ext4', isReadOnly: false },
    { device: '/dev/sdb1', mountPoint: '/mnt/my disk', type: 'vfat', isReadOnly: true },
  ]);
});

test('file systems of the network, of no size, twice, or gone are left out', async () => {
  const mounts = join(folder, 'mounts');
  await writeFile(
    mounts,
    'overlay / overlay rw 0 0\nserver:/x /tmp nfs rw 0 0\nproc /proc proc rw 0 0\n/dev/x /proc ext4 rw 0 0\n/dev/a /tmp ext4 ro 0 0\n/dev/a /usr ext4 rw 0 0\n/dev/b /no/such ext4 rw 0 0\n',
  );
  expect((await readDisks(mounts)).map(({ mountPoint, device }) => [mountPoint, device])).toEqual([
    ['/', 'overlay'],
    ['/tmp', '/dev/a'],
  ]);
});

test('the dry run says what would be looked at, and where it would go', async () => {
  const { context } = createRecordingContext({ workDir: folder });
  expect(await inventoryHandler.plan?.({ url: 'https://a.example/i?X-Amz-Signature=c4n4ry' }, context)).toEqual({
    actions: ['look at the system and its disks, network, packages', 'put it as JSON to https://a.example/i'],
    problems: [],
  });
  expect((await inventoryHandler.plan?.({ include: [] }, context))?.actions).toEqual([
    'look at the system',
    'tell a summary',
  ]);
});

function take(parameters: InventoryParameters) {
  const { context } = createRecordingContext({ workDir: folder });
  return inventoryHandler.run(context, parameters);
}
