// What xz, zstd and bzip2 compress, and what only begins as if one of them had.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackArchiveHandler } from '../../handlers/unpack-archive/handler.ts';
import type { UnpackArchiveParameters } from '../../handlers/unpack-archive/parameters.ts';
import { createRecordingContext, type RecordingContext } from '../fixtures/recording-context.ts';
import { tarOf } from '../fixtures/tar-archive.ts';

const PROGRAMS = ['xz', 'zstd', 'bzip2'] as const;
const BUSYBOX = '/usr/bin/busybox';
const { PATH } = process.env;

let folder: string;
let workDir: string;
let there: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpack-compressed-'));
  workDir = join(folder, 'work');
  there = join(folder, 'there');
  path = join(there, 'app');
  for (const each of [workDir, there, path]) await mkdir(each);
  await writeFile(join(path, 'old'), 'old');
});
afterEach(async () => {
  process.env.PATH = PATH;
  await rm(folder, { recursive: true, force: true });
});

describe.each(PROGRAMS)('%s', (program) => {
  test('what tar packed by it is unpacked as it was', async () => {
    await pack('head -c 3000001 /dev/urandom > source/data; ln -s data source/link; chmod 0640 source/data');
    await shell(`tar -c --${program} -f app.tar -C source .`);
    expect(await unpack()).toMatchObject({ kind: 'succeeded', details: { files: 2, bytes: 3_000_001 } });
    await shell(`diff -r --no-dereference source ${path}`);
    expect(await readdir(there)).toEqual(['app']);
  });

  test('parts that follow each other are one archive', async () => {
    await put(tarOf({ name: 'a', content: 'a'.repeat(5000) }, { name: 'b', content: 'b' }));
    await shell(`for n in 0 1 2; do dd if=app.tar bs=2500 skip=$n count=1 status=none | ${program} -c; done > all`);
    await shell('mv all app.tar');
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect((await readFile(join(path, 'a'))).length).toBe(5000);
  });

  test('cut anywhere, or changed anywhere, it is broken, and the old folder stays', async () => {
    await pack('seq 1 20000 > source/numbers');
    await shell(`tar -c --${program} -f app.tar -C source .`);
    const whole = await readFile(join(workDir, 'app.tar'));
    for (const length of [20, 500, whole.length >> 1, whole.length - 5, whole.length - 1]) {
      await put(whole.subarray(0, length));
      expect([length, await unpack()]).toMatchObject([length, { reasonCode: 'ARCHIVE_BROKEN' }]);
      expect(await readdir(there)).toEqual(['app']);
    }
    // In the content, and in the checksum at its very end.
    for (const at of [whole.length >> 1, whole.length - (program === 'xz' ? 20 : 3)]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      await put(damaged);
      expect([at, await unpack()]).toMatchObject([at, { kind: 'failed' }]);
    }
    expect(await readdir(path)).toEqual(['old']);
  });

  test('an entry that could lead out is refused as in any tar', async () => {
    for (const entry of [
      { name: '../evil', content: 'x' },
      { name: '/tmp/evil', content: 'x' },
      { name: 'l', type: '2', linkName: '../../secret' },
    ]) {
      await put(tarOf({ name: 'first', content: 'first' }, entry, { name: 'last', content: 'last' }));
      await compress(program);
      expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_REFUSED' });
    }
    expect(await readdir(path)).toEqual(['old']);
    expect((await readdir(folder)).sort()).toEqual(['there', 'work']);
  });

  test('a bomb is stopped: in a file, in the number of files, behind the end, and without any end', async () => {
    await shell(`truncate -s 30M zeros; tar -cf app.tar zeros; rm zeros`);
    await compress(program);
    expect(await unpack({ maxBytes: 1024 ** 2 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    await put(tarOf(...Array.from({ length: 9 }, (_, n) => ({ name: `d${n}`, type: '5' }))));
    await compress(program);
    expect(await unpack({ maxEntries: 8 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    await put(tarOf({ name: 'x' }));
    await shell('truncate -s 20M app.tar');
    await compress(program);
    expect(await unpack()).toMatchObject({
      reasonCode: 'ARCHIVE_BROKEN',
      message: expect.stringContaining('behind its end'),
    });
    await put(tarOf({ name: 'endless', bytes: 0o77777777777 }, { name: 'x' }));
    await compress(program);
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    expect(await readdir(path)).toEqual(['old']);
  });

  test('what is inside is no tar', async () => {
    await put(Buffer.from('no tar, only a text\n'.repeat(100)));
    await compress(program);
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
  });

  test('without the program it says which is missing, and so does the dry run', async () => {
    await put(tarOf({ name: 'x' }));
    await compress(program);
    const few = join(folder, 'few');
    await mkdir(few);
    for (const name of ['mv', 'sync']) await symlink(`/usr/bin/${name}`, join(few, name));
    process.env.PATH = few;
    expect(await unpack()).toMatchObject({
      kind: 'failed',
      reasonCode: 'ARCHIVE_PROGRAM_MISSING',
      message: `it is compressed by ${program}, and there is no program ${program}`,
    });
    expect(await readdir(there)).toEqual(['app']);
    process.env.PATH = PATH;
    const { actions, problems } = (await plan()) ?? {};
    expect(actions?.[0]).toContain(` bytes, by ${program}) into `);
    expect(problems).toEqual([]);
  });

  test('a stop ends the program', async () => {
    await shell('truncate -s 60M zeros; : > first; tar -cf app.tar first zeros; rm first zeros');
    await compress(program);
    const recording = record(() => recording.stop()); // once the first file is there
    expect(await unpack({}, recording)).toMatchObject({ reasonCode: 'UNPACK_STOPPED' });
    expect(await readdir(there)).toEqual(['app']);
    expect(await children()).toEqual([]);
  });
});

describe('memory', () => {
  test.each([
    ['xz -9', 'taken'],
    ['xz --lzma2=preset=6,dict=128MiB', 'refused'],
    ['zstd --ultra -21', 'taken'],
    ['zstd --long=27', 'refused'],
  ])('%s is %s', async (command, expected) => {
    await put(tarOf({ name: 'x', content: 'x' }));
    await shell(`cat app.tar | ${command} -c > packed; mv packed app.tar`); // from a pipe: the size is not known
    const result = await unpack();
    if (expected === 'taken') expect(result).toMatchObject({ kind: 'succeeded' });
    else {
      expect(result).toMatchObject({
        reasonCode: 'ARCHIVE_TOO_LARGE',
        message: expect.stringContaining('unpacking takes more than 72 MiB of memory'),
      });
    }
  });
});

describe.skipIf(!existsSync(BUSYBOX))('with the programs of BusyBox', () => {
  test.each(['xz', 'bzip2'] as const)('%s', async (program) => {
    await put(tarOf({ name: 'x', content: 'content' }));
    await compress(program);
    const few = join(folder, 'few');
    await mkdir(few);
    for (const name of ['mv', 'sync', program]) await symlink(BUSYBOX, join(few, name));
    process.env.PATH = few;
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect(await readFile(join(path, 'x'), 'utf8')).toBe('content');
    const whole = await readFile(join(workDir, 'app.tar'));
    await put(whole.subarray(0, whole.length - 10));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
  });
});

describe('what an archive is', () => {
  test('is told by its first bytes, whatever its name', async () => {
    await put(tarOf({ name: 'x', content: 'x' }));
    await compress('xz');
    await shell('mv app.tar app.tar.gz');
    expect(await unpack({ archive: 'app.tar.gz' })).toMatchObject({ kind: 'succeeded' });
  });

  test.each(['BZh', 'BZh91', 'Rar!', 'LZIP-1.0', 'PK', ']'])(
    'a tar that begins with the name %s is a tar',
    async (name) => {
      await put(tarOf({ name, content: 'x' }));
      expect(await unpack()).toMatchObject({ kind: 'succeeded' });
      expect(await readdir(path)).toEqual([name]);
    },
  );

  test.each([
    ['377abcaf271c0004', 'a 7z archive'],
    ['526172211a0700cf', 'a RAR archive'],
    ['4c5a495001', 'compressed by lzip'],
    ['04224d186440a7', 'compressed by lz4'],
    ['5d00008000ffff', 'compressed by lzma'],
    ['1f9d90', 'compressed by compress'],
  ])('%s is named, and not unpacked', async (beginning, name) => {
    await put(Buffer.concat([Buffer.from(beginning, 'hex'), Buffer.alloc(2000)]));
    const message = expect.stringContaining(`it is ${name}, which is not unpacked`);
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN', message });
    expect((await plan())?.problems).toEqual([`${join(workDir, 'app.tar')} is ${name}, which is not unpacked`]);
  });

  test('pzstd begins with a frame to skip', async () => {
    await put(tarOf({ name: 'x', content: 'x' }));
    await compress('zstd');
    const skipped = Buffer.from('502a4d18040000000a000000', 'hex'); // RFC 8878, section 3.1.2
    await put(Buffer.concat([skipped, await readFile(join(workDir, 'app.tar'))]));
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
  });

  test('one that is not there yet needs what its name says', async () => {
    for (const [archive, program] of [
      ['app.tar.xz', 'xz'],
      ['app.tzst', 'zstd'],
      ['app.TBZ2', 'bzip2'],
    ] as const) {
      expect((await plan({ archive }))?.actions[0]).toContain(`(which is not there yet, by ${program})`);
    }
    expect((await plan({ archive: 'app.tgz' }))?.actions[0]).toContain('(which is not there yet)');
  });
});

test('the checksum of gzip counts, though it comes behind the end of the tar', async () => {
  const packed = gzipSync(tarOf({ name: 'x', content: 'x' }));
  packed[packed.length - 8] = (packed[packed.length - 8] ?? 0) ^ 1;
  await put(packed);
  expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
  expect(await readdir(path)).toEqual(['old']);
});

function record(onProgress?: () => void): RecordingContext {
  return createRecordingContext({ workDir, ...(onProgress === undefined ? {} : { onProgress }) });
}

function put(archive: Buffer): Promise<void> {
  return writeFile(join(workDir, 'app.tar'), archive);
}

async function pack(command: string): Promise<void> {
  await shell(`mkdir source; ${command}`);
}

async function compress(program: (typeof PROGRAMS)[number]): Promise<void> {
  await shell(`${program} -1 -c app.tar > packed; mv packed app.tar`);
}

function unpack(parameters: Partial<UnpackArchiveParameters> = {}, { context } = record()) {
  return unpackArchiveHandler.run(context, { archive: 'app.tar', path, ...parameters });
}

function plan(parameters: Partial<UnpackArchiveParameters> = {}) {
  return unpackArchiveHandler.plan?.({ archive: 'app.tar', path, ...parameters }, { ...record().context });
}

/** Of this process: what it started and did not end. */
async function children(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['--ppid', String(process.pid), '-o', 'comm=']);
  return stdout.split('\n').filter((name) => PROGRAMS.some((program) => name.startsWith(program)));
}

async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { cwd: workDir });
  return stdout;
}
