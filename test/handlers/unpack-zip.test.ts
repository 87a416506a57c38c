// What zip, 7-Zip and Python's zipfile packed, and archives that none of them would make.

import { execFile, spawnSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackArchiveHandler } from '../../handlers/unpack-archive/handler.ts';
import type { UnpackArchiveParameters } from '../../handlers/unpack-archive/parameters.ts';
import { createRecordingContext, type RecordingContext } from '../fixtures/recording-context.ts';
import { type RawZipEntry, type ZipEnd, zipOf } from '../fixtures/zip-archive.ts';

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const SEVEN_ZIP = ['7zz', '7z'].find(has) ?? '7zz';

let folder: string;
let workDir: string;
let there: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpack-zip-'));
  workDir = join(folder, 'work');
  there = join(folder, 'there');
  path = join(there, 'app');
  for (const each of [workDir, there, path]) await mkdir(each);
  await writeFile(join(path, 'old'), 'old');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what a program packed', () => {
  beforeEach(async () => {
    await shell(`
      mkdir -p source/app-7/bin source/app-7/empty source/app-7/${'long-name-'.repeat(12)}
      printf '#!/bin/sh\\n' > source/app-7/bin/app; chmod 0755 source/app-7/bin/app
      printf x > source/app-7/${'long-name-'.repeat(12)}/x
      head -c 3000001 /dev/urandom > source/app-7/data.bin; chmod 0640 source/app-7/data.bin
      seq 1 300000 > source/app-7/numbers
      ln -s bin/app source/app-7/run; ln -s ../data.bin source/app-7/bin/data
      printf ä > 'source/app-7/name with ä €.txt'; : > source/app-7/zero`);
  });

  test.skipIf(!has('zip')).each([
    ['zip -qry app.zip app-7'],
    ['zip -qry -0 app.zip app-7'],
    ['zip -qry -9 app.zip app-7'],
    ['zip -qryD app.zip app-7'], // no entries for folders
    ['zip -qry -fz app.zip app-7'], // zip64
    ['zip -qry app.zip app-7/bin && zip -qry app.zip app-7'], // in two turns
    ['zip -qry app.zip app-7 && printf note | zip -qz app.zip'], // a comment
  ])('%s is unpacked as it was', async (command) => {
    await shell(`cd source; ${command}; mv app.zip ..`);
    expect(await unpack({ stripComponents: 1 })).toMatchObject({ kind: 'succeeded', details: { path } });
    if (command.includes('D app')) await mkdir(join(path, 'empty'));
    await shell(`diff -r --no-dereference source/app-7 ${path}`);
    expect(await readlink(join(path, 'bin/data'))).toBe('../data.bin');
    expect((await lstat(join(path, 'bin/app'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(path, 'data.bin'))).mode & 0o7777).toBe(0o640);
    expect(await readdir(there)).toEqual(['app']);
  });

  test.skipIf(!has('zip'))('through a pipe, with the sizes behind the content', async () => {
    await shell('cd source/app-7; rm run bin/data; zip -qr - . | cat > ../../app.zip');
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    await shell(`diff -r source/app-7 ${path}`);
  });

  test.skipIf(!has(SEVEN_ZIP)).each(['-tzip -snl', '-tzip -snl -mx=0', '-tzip -snl -mcu=on'])(
    '7-Zip with %s is unpacked as it was',
    async (options) => {
      await shell(`cd source; ${SEVEN_ZIP} a ${options} ../app.zip app-7 > /dev/null`);
      expect(await unpack({ stripComponents: 1 })).toMatchObject({ kind: 'succeeded' });
      await shell(`diff -r --no-dereference source/app-7 ${path}`);
    },
  );

  test.skipIf(!has('python3')).each([
    ['ZIP_DEFLATED', 'False'],
    ['ZIP_STORED', 'False'],
    ['ZIP_DEFLATED', 'True'],
  ])('Python with %s, force_zip64 %s', async (method, isForced) => {
    await shell(`python3 - <<'END'
import os, zipfile
with zipfile.ZipFile('app.zip', 'w', zipfile.${method}) as archive:
    for folder, _, names in os.walk('source/app-7'):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path): continue
            info = zipfile.ZipInfo.from_file(path, os.path.relpath(path, 'source'))
            info.compress_type = zipfile.${method}
            with open(path, 'rb') as source, archive.open(info, 'w', force_zip64=${isForced}) as target:
                target.write(source.read())
END`);
    expect(await unpack({ stripComponents: 1 })).toMatchObject({ kind: 'succeeded' });
    await shell(`rm source/app-7/run source/app-7/bin/data; rmdir source/app-7/empty; diff -r source/app-7 ${path}`);
  });

  test.skipIf(!has('zip'))('encrypted, or compressed by another method, it is refused by name', async () => {
    await shell('cd source; zip -qry -P secret ../app.zip app-7/numbers');
    expect(await unpack()).toMatchObject({
      reasonCode: 'ARCHIVE_REFUSED',
      message: expect.stringContaining('the entry "app-7/numbers" is encrypted'),
    });
    await shell('cd source; rm ../app.zip; zip -qry -Z bzip2 ../app.zip app-7/numbers');
    expect(await unpack()).toMatchObject({
      reasonCode: 'ARCHIVE_REFUSED',
      message: expect.stringContaining('is compressed by bzip2'),
    });
    expect(await readdir(path)).toEqual(['old']);
  });

  test.skipIf(!has('zip'))(
    'cut anywhere, or changed in its content, it is broken, and the old folder stays',
    async () => {
      await shell('cd source; zip -qry ../app.zip app-7');
      const whole = await readFile(join(workDir, 'app.zip'));
      for (const length of [4, 30, 1000, whole.length >> 1, whole.length - 23, whole.length - 22, whole.length - 1]) {
        await put(whole.subarray(0, length));
        expect([length, await unpack()]).toMatchObject([length, { reasonCode: 'ARCHIVE_BROKEN' }]);
      }
      for (const at of [whole.length >> 1, whole.length >> 2]) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        await put(damaged);
        expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
      }
      expect(await readdir(path)).toEqual(['old']);
      expect(await readdir(there)).toEqual(['app']);
    },
  );
});

describe('an entry that could do harm', () => {
  const x: RawZipEntry = { name: 'x', content: 'x' };
  const link = (name: string, target: string): RawZipEntry => ({ name, content: target, mode: 0o120777, method: 0 });
  const rows: [string, readonly RawZipEntry[]][] = [
    ['has an absolute path', [{ name: '/tmp/evil' }]],
    ['has .. in its path', [{ name: '../evil' }]],
    ['has .. in its path', [{ name: 'a/../../evil' }]],
    ['has .. in its path', [{ name: 'a/../', mode: 0o40755 }]],
    ['has a backslash', [{ name: '..\\evil' }]],
    ['has a backslash', [{ name: 'C:\\evil', system: 0 }]],
    ['has a control character', [{ name: 'a\0b' }]],
    ['has a control character', [{ name: 'a\nb' }]],
    ['has no name', [{ name: '' }]],
    ['has too long a name', [{ name: 'n'.repeat(256) }]],
    ['folders deep', [{ name: `${'d/'.repeat(129)}f` }]],
    ['is a link to an absolute path', [link('l', '/etc/passwd')]],
    ['is a link that leads out', [link('l', '../secret')]],
    ['is a link that goes down and up', [link('l', 'x/../../secret')]],
    ['is a link to no proper path', [link('l', '')]],
    ['is a link of 5000 bytes', [link('l', 'l'.repeat(5000))]],
    ['is a link with the name of a folder', [link('l/', 'x')]],
    ['is there twice', [link('l', 'd'), { name: 'l/evil', content: 'x' }]],
    ['is there twice', [x, { name: 'x', content: 'other' }]],
    ['is there twice', [x, { name: './x/' }]],
    ['is there twice', [x, { name: 'x/y' }]],
    ['is a device', [{ name: 'd', mode: 0o020666 }]],
    ['is a device, a named pipe', [{ name: 'd', mode: 0o010666 }]],
    ['has a content', [{ name: 'd/', content: 'x', mode: 0o40755 }]],
    ['is encrypted', [{ name: 'e', flags: 1 }]],
    ['is encrypted', [{ name: 'e', flags: 0x41 }]],
    ['is encrypted', [{ name: 'e', flags: 0x2000 }]],
    ['is a patch', [{ name: 'e', flags: 0x20 }]],
    ['is compressed by Deflate64', [{ name: 'e', directory: { method: 9 } }]],
    ['is compressed by method 97', [{ name: 'e', directory: { method: 97 } }]],
    ['is another one where it lies', [{ name: 'good', local: { name: 'evil' } }]],
    ['is another one where it lies', [{ name: 'good', local: { method: 0 } }]],
    ['is another one where it lies', [{ name: 'good', local: { flags: 1 } }]],
    ['is another one where it lies', [{ name: 'good', local: { flags: 0x800 } }]],
    ['is another one where it lies', [{ name: 'good', content: 'c', local: { bytes: 7 } }]],
    ['is another one where it lies', [{ name: 'good', content: 'c', local: { crc: 7 } }]],
    ['lies over another one', [x, { name: 'y', content: 'y', directory: { offset: 0 } }]],
    ['lies over another one', [x, { name: 'y', content: 'y', directory: { offset: 20 } }]],
    ['would take the place of the folder itself', [{ name: '.', content: 'x' }]],
  ];
  test.each(rows)('%s: %j', async (message, entries) => {
    await writeFile(join(folder, 'secret'), 'secret');
    await put(zipOf([{ name: 'first', content: 'first' }, ...entries, { name: 'last', content: 'last' }]));
    expect(await unpack()).toMatchObject({
      kind: 'failed',
      reasonCode: 'ARCHIVE_REFUSED',
      message: expect.stringContaining(message),
    });
    expect(await readdir(path)).toEqual(['old']);
    expect(await readdir(there)).toEqual(['app']);
    expect((await readdir(folder)).sort()).toEqual(['secret', 'there', 'work']);
  });

  test('setuid, setgid and sticky are left out', async () => {
    await put(
      zipOf([
        { name: 'su', content: 'x', mode: 0o106755 },
        { name: 'tmp/', mode: 0o041777 },
      ]),
    );
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect((await lstat(join(path, 'su'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(path, 'tmp'))).mode & 0o7777).toBe(0o777);
  });
});

describe('a bomb', () => {
  test('of one file is stopped by what it says, and by what it does', async () => {
    const zeros = Buffer.alloc(50 * 1024 ** 2);
    await put(zipOf([{ name: 'zeros', content: zeros }]));
    expect(await unpack({ maxBytes: 1024 ** 2 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    await put(zipOf([{ name: 'zeros', content: zeros, directory: { bytes: 10 }, local: { bytes: 10 } }]));
    expect(await unpack({ maxBytes: 1024 ** 2 })).toMatchObject({
      reasonCode: 'ARCHIVE_BROKEN',
      message: expect.stringContaining('zeros has more than the 10 bytes that it says'),
    });
    await put(zipOf([{ name: 'z', content: 'z', directory: { bytes: 2 ** 32 - 2 }, local: { bytes: 2 ** 32 - 2 } }]));
    expect(await unpack({ maxBytes: 2 ** 31 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    expect(await readdir(there)).toEqual(['app']);
  });

  test('of many entries that share their content', async () => {
    const shared = Array.from(
      { length: 50 },
      (_, n): RawZipEntry => ({ name: `f${n}`, content: Buffer.alloc(99_999), directory: { offset: 0 } }),
    );
    await put(zipOf(shared));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_REFUSED' });
  });

  test('of entries', async () => {
    await put(zipOf(Array.from({ length: 6 }, (_, n) => ({ name: `d${n}/` }))));
    expect(await unpack({ maxEntries: 5 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    expect(await unpack({ maxEntries: 6 })).toMatchObject({ kind: 'succeeded' });
  });
});

describe('what is damaged, or could mean two things, is broken', () => {
  const one: RawZipEntry = { name: 'one', content: 'content' };
  const rows: [string, readonly RawZipEntry[], ZipEnd][] = [
    ['says 2', [one], { entries: 2 }],
    ['says 0', [one], { entries: 0 }],
    ['its directory is not where its end says', [one], { offset: 3 }],
    ['its directory is not where its end says', [one], { bytes: 3 }],
    ['its directory is not where its end says', [one], { before: Buffer.from('between') }],
    ['several volumes', [one], { disk: 1 }],
    ['several volumes', [one], { onDisk: 5 }],
    ['has two sizes', [{ ...one, method: 0, directory: { packedBytes: 3 } }], {}],
    ['the checksum of one is wrong', [{ ...one, directory: { crc: 5 }, local: { crc: 5 } }], {}],
    ['one has 7 bytes, and says 9', [{ ...one, directory: { bytes: 9 }, local: { bytes: 9 } }], {}],
    ['one is not where the directory says', [{ ...one, directory: { offset: 1 } }], {}],
    ['it ends too early', [{ ...one, directory: { offset: 2 ** 31 } }], {}],
    ['reaches into the directory', [{ ...one, directory: { packedBytes: 5000 }, local: { packedBytes: 5000 } }], {}],
    ['is in no extra field', [{ ...one, directory: { bytes: 0xffffffff } }], {}],
    ['a name is no UTF-8', [{ ...one, name: Buffer.from([0xff]) }], {}],
    ['a name is no UTF-8', [{ ...one, name: Buffer.from([0xff]), system: 0, flags: 0x800 }], {}],
  ];
  test.each(rows)('%s', async (message, entries, end) => {
    await put(zipOf(entries, end));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN', message: expect.stringContaining(message) });
    expect(await readdir(path)).toEqual(['old']);
    expect(await readdir(there)).toEqual(['app']);
  });

  test('a packed content that is longer than it needs to be', async () => {
    const archive = zipOf([{ ...one, method: 0, content: Buffer.from('03009999', 'hex') }]);
    const [local, directory] = [8, archive.indexOf('PK\u0001\u0002', 0, 'latin1') + 10];
    for (const at of [local, directory]) archive.writeUInt16LE(8, at);
    for (const at of [14, directory + 6]) archive.writeUInt32LE(0, at);
    for (const at of [22, directory + 14]) archive.writeUInt32LE(0, at);
    await put(archive);
    expect(await unpack()).toMatchObject({ message: expect.stringContaining('one ends before its content does') });
  });

  test('zip64: two ends that differ, or a record elsewhere', async () => {
    const short = zipOf([one]);
    const [at, directory] = [short.length - 22, short.indexOf('PK\u0001\u0002', 0, 'latin1')];
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(44n, 4);
    for (const field of [24, 32]) record.writeBigUInt64LE(1n, field);
    record.writeBigUInt64LE(BigInt(at - directory), 40);
    record.writeBigUInt64LE(BigInt(directory), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(at), 8);
    locator.writeUInt32LE(1, 16);
    const whole = () => Buffer.concat([short.subarray(0, at), record, locator, short.subarray(at)]);
    await put(whole());
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    record.writeBigUInt64LE(2n ** 60n, 32);
    await put(whole());
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
    for (const field of [24, 32]) record.writeBigUInt64LE(2n, field);
    await put(whole());
    expect(await unpack()).toMatchObject({ message: expect.stringContaining('its two ends say different things') });
    locator.writeBigUInt64LE(1n, 8);
    await put(whole());
    expect(await unpack()).toMatchObject({ message: expect.stringContaining('the record of its end is damaged') });
  });

  test('whatever bytes an archive has, nothing but the folder changes', async () => {
    const seed = zipOf([
      { name: 'd/', mode: 0o40755 },
      { name: 'd/f', content: 'content' },
      { name: 'l', content: 'd/f', mode: 0o120777, method: 0 },
      { name: 's', content: 'stored', method: 0, system: 0 },
    ]);
    const change = fc.record({ at: fc.nat({ max: seed.length - 1 }), byte: fc.nat({ max: 255 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const archive = Buffer.from(seed);
        for (const { at, byte } of changes) if (at >= 4) archive[at] = byte; // still a zip
        await put(archive);
        const result = await unpack();
        if (result.kind === 'failed')
          expect(result.reasonCode).toMatch(/^ARCHIVE_(?:BROKEN|REFUSED|TOO_LARGE|NO_SPACE)$/);
        expect(await readdir(there)).toEqual(['app']);
        expect((await readdir(folder)).sort()).toEqual(['there', 'work']);
      }),
      { numRuns: 200 },
    );
  });
});

describe('names', () => {
  test.each<[string, RawZipEntry]>([
    ['ä', { name: Buffer.from([0x84]), system: 0 }], // code page 437
    ['ß¥█', { name: Buffer.from([0xe1, 0x9d, 0xdb]), system: 0 }],
    ['ä', { name: 'ä', system: 0, flags: 0x800 }],
    ['ä', { name: 'ä', system: 3 }],
    ['ä', { name: Buffer.from('a?'), system: 0, extra: unicodePath('a?', 'ä') }],
    ['a?', { name: Buffer.from('a?'), system: 0, extra: unicodePath('other', 'ä') }], // of another name: it was renamed
  ])('%s', async (name, entry) => {
    await put(zipOf([{ ...entry, content: 'x' }]));
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect(await readdir(path)).toEqual([name]);
  });

  test('without modes of Unix, files are 0644 and folders 0755', async () => {
    await put(
      zipOf([
        { name: 'f', content: 'x', system: 0 },
        { name: 'd', system: 0, attributes: 0x10 },
      ]),
    );
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect((await lstat(join(path, 'f'))).mode & 0o7777).toBe(0o644);
    expect((await lstat(join(path, 'd'))).mode & 0o170000).toBe(0o40000);
    expect((await lstat(join(path, 'd'))).mode & 0o7777).toBe(0o755);
  });

  function unicodePath(of: string, name: string): Buffer {
    const content = Buffer.concat([Buffer.alloc(5), Buffer.from(name)]);
    content[0] = 1;
    content.writeUInt32LE(crc32(of), 1);
    const head = Buffer.alloc(4);
    head.writeUInt16LE(0x7075, 0);
    head.writeUInt16LE(content.length, 2);
    return Buffer.concat([head, content]);
  }
});

test('an empty archive makes an empty folder', async () => {
  await put(zipOf([]));
  expect(await unpack()).toMatchObject({ kind: 'succeeded', details: { files: 0 } });
  expect(await readdir(path)).toEqual([]);
});

test('a part of several volumes is named', async () => {
  await put(Buffer.concat([Buffer.from('PK\u0007\u0008'), zipOf([{ name: 'x' }])]));
  expect(await unpack()).toMatchObject({
    message: expect.stringContaining('it is a part of a zip of several volumes, which is not unpacked'),
  });
});

test('a stop leaves the old folder and nothing else', async () => {
  await put(zipOf(Array.from({ length: 50 }, (_, n) => ({ name: `f${n}`, content: `${n}` }))));
  const recording = record(({ files }) => {
    if (files === 20) recording.stop();
  });
  expect(await unpack({}, recording)).toMatchObject({ reasonCode: 'UNPACK_STOPPED' });
  expect(await readdir(path)).toEqual(['old']);
  expect(await readdir(there)).toEqual(['app']);
});

function record(onProgress?: (details: Readonly<Record<string, string | number>>) => void): RecordingContext {
  return createRecordingContext({ workDir, ...(onProgress === undefined ? {} : { onProgress }) });
}

function put(archive: Buffer): Promise<void> {
  return writeFile(join(workDir, 'app.zip'), archive);
}

function unpack(parameters: Partial<UnpackArchiveParameters> = {}, { context } = record()) {
  return unpackArchiveHandler.run(context, { archive: 'app.zip', path, ...parameters });
}

async function shell(command: string): Promise<void> {
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { cwd: workDir });
}
