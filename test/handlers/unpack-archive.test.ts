import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync, symlinkSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writerOf } from '../../agent/handler-api.ts';
import { unpackArchiveHandler } from '../../handlers/unpack-archive/handler.ts';
import type { UnpackArchiveParameters } from '../../handlers/unpack-archive/parameters.ts';
import { folderPlace } from '../../handlers/unpack-archive/place-folder.ts';
import { createRecordingContext, type RecordingContext } from '../fixtures/recording-context.ts';
import { paxRecord, type RawEntry, tarOf } from '../fixtures/tar-archive.ts';

let folder: string;
let workDir: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unpack-'));
  workDir = join(folder, 'work');
  path = join(folder, 'there', 'app');
  for (const each of [workDir, join(folder, 'there')]) await mkdir(each);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what tar packed', () => {
  beforeEach(async () => {
    await shell(`
      mkdir -p source/app-7/bin source/app-7/empty source/app-7/${'long-name-'.repeat(12)}/${'deep-'.repeat(30)}
      printf 'old version\\n' > source/app-7/bin/app; chmod 0755 source/app-7/bin/app
      head -c 3000001 /dev/urandom > source/app-7/data.bin
      ln source/app-7/data.bin source/app-7/same.bin
      ln -s bin/app source/app-7/run
      ln -s ../data.bin source/app-7/bin/data
      printf 'ä' > 'source/app-7/name with ä.txt'
      printf x > source/app-7/${'long-name-'.repeat(12)}/${'deep-'.repeat(30)}/${'file-'.repeat(30)}
      : > source/app-7/zero
      chmod 0700 source/app-7/empty`);
  });

  test.each([
    ['--format=gnu'],
    ['--format=posix'],
    ['--format=posix --pax-option=globexthdr.name=g,comment=hello'],
    ['--format=gnu --gzip'],
    ['--format=posix --gzip'],
  ])('with %s is unpacked as it was', async (options) => {
    await shell(`tar -c ${options} -f app.tar -C source app-7`);
    const result = await unpack({ stripComponents: 1 });
    expect(result).toMatchObject({ kind: 'succeeded', details: { path } });
    await shell(`diff -r --no-dereference source/app-7 ${path}`);
    const modes = `find . -type f -o -type d | LC_ALL=C sort | xargs -d '\\n' stat -c '%a %h %n'`;
    expect(await shell(`cd ${path} && ${modes}`)).toBe(await shell(`cd source/app-7 && ${modes}`));
    expect(await readlink(join(path, 'bin/data'))).toBe('../data.bin');
    expect(await readdir(join(folder, 'there'))).toEqual(['app']);
  });

  test('takes the place of what was there, as a whole', async () => {
    await mkdir(path);
    await writeFile(join(path, 'left over'), 'old');
    await shell('tar -czf app.tar -C source/app-7 .');
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect(await readdir(path)).not.toContain('left over');
    expect((await lstat(path)).mode & 0o7777).toBe((await lstat(join(workDir, 'source/app-7'))).mode & 0o7777);
  });

  test('without the folders of its beginning has what lies deeper only', async () => {
    await shell('tar -cf app.tar -C source app-7');
    expect(await unpack({ stripComponents: 2 })).toMatchObject({ reasonCode: 'ARCHIVE_REFUSED' }); // bin/data leads to nothing now
    await shell('rm source/app-7/bin/data && tar -cf app.tar -C source app-7');
    expect(await unpack({ stripComponents: 2 })).toMatchObject({ kind: 'succeeded' });
    expect((await readdir(path)).sort()).toEqual(['app', `${'deep-'.repeat(30)}`]);
  });

  test('sparse files are refused, in both formats', async () => {
    await shell('truncate -s 1M source/sparse && printf x >> source/sparse');
    for (const format of ['gnu', 'posix']) {
      await shell(`tar -c --sparse --format=${format} -f app.tar -C source sparse`);
      expect(await unpack()).toMatchObject({
        reasonCode: 'ARCHIVE_REFUSED',
        message: expect.stringContaining('sparse'),
      });
    }
  });

  test('what tar calls an archive of names on two lines is refused', async () => {
    await shell(`printf x > "source/app-7/two\nlines" && tar -cf app.tar -C source app-7`);
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_REFUSED' });
  });

  test('cut anywhere, or changed anywhere in a header, is no archive, and the old folder stays', async () => {
    await mkdir(path);
    await writeFile(join(path, 'old'), 'old');
    await shell('tar -cf app.tar -C source app-7');
    const whole = await readFile(join(workDir, 'app.tar'));
    for (const length of [0, 1, 511, 512, 513, 2000, 50_000, whole.length - 10_240]) {
      await writeFile(join(workDir, 'app.tar'), whole.subarray(0, length));
      expect(await unpack()).toMatchObject({ kind: 'failed', reasonCode: 'ARCHIVE_BROKEN' });
    }
    const changed = Buffer.from(whole);
    changed[100] = 0x39;
    await writeFile(join(workDir, 'app.tar'), changed);
    expect(await unpack()).toMatchObject({ kind: 'failed', reasonCode: 'ARCHIVE_BROKEN' });
    const packed = gzipSync(whole);
    for (const at of [12, Math.floor(packed.length / 2), packed.length - 5]) {
      const damaged = Buffer.from(packed);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      await writeFile(join(workDir, 'app.tar'), damaged);
      expect(await unpack()).toMatchObject({
        kind: 'failed',
        reasonCode: expect.stringMatching(/^ARCHIVE_(?:BROKEN|REFUSED)$/),
      });
    }
    await writeFile(join(workDir, 'app.tar'), packed.subarray(0, packed.length - 100));
    expect(await unpack()).toMatchObject({ kind: 'failed', reasonCode: 'ARCHIVE_BROKEN' });
    expect(await readdir(path)).toEqual(['old']);
    expect(await readdir(join(folder, 'there'))).toEqual(['app']);
  });
});

describe('an entry that could lead out', () => {
  const x = { name: 'x', content: 'x' };
  const rows: [string, readonly RawEntry[]][] = [
    ['has an absolute path', [{ name: '/tmp/evil' }]],
    ['has .. in its path', [{ name: '../evil' }]],
    ['has .. in its path', [{ name: 'a/../../evil' }]],
    ['has .. in its path', [{ name: 'a/..', type: '5' }]],
    ['has .. in its path', [{ name: 'p', type: 'x', content: paxRecord('path', '../evil') }, x]],
    ['has an absolute path', [{ name: 'p', type: 'x', content: paxRecord('path', '/tmp/evil') }, x]],
    ['has .. in its path', [{ name: 'L', type: 'L', content: '../evil\0' }, x]],
    ['has a control character', [{ name: 'p', type: 'x', content: paxRecord('path', 'a\0b') }, x]],
    ['has a control character', [{ name: 'a\nb' }]],
    ['has a control character', [{ name: 'a\u001b[2Jb' }]],
    ['is a link to an absolute path', [{ name: 'l', type: '2', linkName: '/etc/passwd' }]],
    ['is a link that leads out', [{ name: 'l', type: '2', linkName: '../secret' }]],
    ['is a link that leads out', [{ name: 'd/l', type: '2', linkName: '../../secret' }]],
    ['is a link that goes down and up', [{ name: 'd/l', type: '2', linkName: 'x/../../../secret' }]],
    [
      'is a link that goes down and up',
      [
        { name: 'here', type: '2', linkName: '.' },
        { name: 'out', type: '2', linkName: 'here/../work' },
      ],
    ],
    [
      'is there twice',
      [
        { name: 'l', type: '2', linkName: 'd' },
        { name: 'l/evil', content: 'x' },
      ],
    ],
    [
      'is there twice',
      [
        { name: 'd/f', content: 'x' },
        { name: 'd', type: '2', linkName: 'e' },
      ],
    ],
    ['is there twice', [x, { name: 'x', content: 'other' }]],
    ['is there twice', [x, { name: './x/', type: '5' }]],
    ['is there twice', [x, { name: 'x/y', content: 'y' }]],
    ['is a hard link to', [{ name: 'h', type: '1', linkName: 'later' }, { name: 'later' }]],
    ['has .. in its path', [{ name: 'h', type: '1', linkName: '../secret' }]],
    ['has an absolute path', [{ name: 'h', type: '1', linkName: '/etc/passwd' }]],
    [
      'is a hard link to',
      [
        { name: 'd', type: '5' },
        { name: 'h', type: '1', linkName: 'd' },
      ],
    ],
    [
      'is a hard link to',
      [
        { name: 'l', type: '2', linkName: 'x' },
        { name: 'h', type: '1', linkName: 'l' },
      ],
    ],
    ['is a device', [{ name: 'null', type: '3' }]],
    ['is a device', [{ name: 'disk', type: '4' }]],
    ['is a named pipe', [{ name: 'fifo', type: '6' }]],
    ['is continued', [{ name: 'm', type: 'M' }]],
    ['of a type that is not known', [{ name: 'd', type: 'D' }]],
    ['has a content', [{ name: 'd', type: '5', content: 'x' }]],
    ['would take the place of the folder itself', [{ name: '.', content: 'x' }]],
    ['has no name', [{ name: '' }]],
    ['has too long a name', [{ name: 'p', type: 'x', content: paxRecord('path', 'n'.repeat(256)) }, x]],
    ['folders deep', [{ name: 'p', type: 'x', content: paxRecord('path', `${'d/'.repeat(128)}f`) }, x]],
  ];
  test.each(rows)('%s: %j', async (message, entries) => {
    await writeFile(join(folder, 'secret'), 'secret');
    await writeFile(join(folder, 'there', 'secret'), 'secret');
    await mkdir(path);
    await put(tarOf({ name: 'first', content: 'first' }, ...entries));
    expect(await unpack()).toMatchObject({
      kind: 'failed',
      reasonCode: 'ARCHIVE_REFUSED',
      message: expect.stringContaining(message),
    });
    expect(await readdir(path)).toEqual([]);
    expect((await readdir(join(folder, 'there'))).sort()).toEqual(['app', 'secret']);
    expect((await readdir(folder)).sort()).toEqual(['secret', 'there', 'work']);
  });

  test('an archive that is a link out of the working folder is not read', async () => {
    await writeFile(join(folder, 'of-root.tar'), tarOf({ name: 'secret', content: 'secret' }));
    await symlink('../of-root.tar', join(workDir, 'linked.tar')); // by a step before, as another user
    expect(await unpack({ archive: 'linked.tar' })).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('a link leads out of the working folder'),
    });
    expect(await readdir(join(folder, 'there'))).toEqual([]);
    await rename(join(folder, 'of-root.tar'), join(workDir, 'own.tar'));
    await symlink('own.tar', join(workDir, 'again.tar'));
    expect(await unpack({ archive: 'again.tar' })).toMatchObject({ kind: 'succeeded' });
  });

  test('setuid, setgid and sticky are left out', async () => {
    await put(tarOf({ name: 'su', content: 'x', mode: 0o6755 }, { name: 'tmp', type: '5', mode: 0o1777 }));
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect((await lstat(join(path, 'su'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(path, 'tmp'))).mode & 0o7777).toBe(0o777);
  });

  test('links within stay, though they lead over one another, to nothing or to the folder itself', async () => {
    const links = { here: '.', over: 'here/d/f', nothing: 'not/there', 'd/up': '../here' };
    const entries = Object.entries(links).map(([name, linkName]) => ({ name, type: '2', linkName }));
    await put(tarOf(...entries, { name: 'd/f', content: 'content' }));
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    for (const [name, target] of Object.entries(links)) expect(await readlink(join(path, name))).toBe(target);
    expect(await readFile(join(path, 'over'), 'utf8')).toBe('content');
  });

  test('names of two spellings that are one in no encoding are refused', async () => {
    const archive = tarOf({ name: 'aaaa', content: 'x' });
    archive[1] = 0xff;
    archive.write('        ', 148);
    const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    await put(archive);
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN', message: expect.stringContaining('UTF-8') });
  });
});

test('who may write beside the folder leads nothing of it elsewhere', async () => {
  const victim = join(folder, 'victim');
  await mkdir(victim);
  await put(tarOf({ name: 'a', content: '1' }, { name: 'b', content: '2' }, { name: 'd', type: '5' }));
  const recording = createRecordingContext({
    workDir,
    onProgress({ files }) {
      if (files !== 1) return;
      const { next } = folderPlace(path, writerOf(recording.context));
      renameSync(next, `${next}.aside`);
      symlinkSync(victim, next);
    },
  });
  await unpackArchiveHandler.run(recording.context, { archive: 'app.tar', path });
  expect(await readdir(victim)).toEqual([]);
});

describe('limits', () => {
  test('a bomb is stopped before it is written', async () => {
    await put(gzipSync(tarOf({ name: 'zeros', content: Buffer.alloc(8 * 1024 ** 2) })));
    expect(await unpack({ maxBytes: 1024 ** 2 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    await put(tarOf({ name: 'huge', bytes: 0o77777777777 }));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    await put(tarOf({ name: 'x', type: 'x', content: paxRecord('size', '999999999999999') }, { name: 'huge' }));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
  });

  test('more than the disk has is noticed before it is written', async () => {
    await put(tarOf({ name: 'huge', bytes: 0o77777777777 }, { name: 'x' }));
    const free = 2 ** 40;
    await put(tarOf({ name: 'x', type: 'x', content: paxRecord('size', String(free * 900)) }, { name: 'huge' }));
    expect(await unpack({ maxBytes: Number.MAX_SAFE_INTEGER })).toMatchObject({ reasonCode: 'ARCHIVE_NO_SPACE' });
  });

  test('entries are counted, whatever they are', async () => {
    await put(tarOf(...Array.from({ length: 6 }, (_, n) => ({ name: `d${n}`, type: '5' }))));
    expect(await unpack({ maxEntries: 5 })).toMatchObject({ reasonCode: 'ARCHIVE_TOO_LARGE' });
    expect(await unpack({ maxEntries: 6 })).toMatchObject({ kind: 'succeeded' });
  });

  test('headers without end are no archive', async () => {
    const header = { name: 'x', type: 'x', content: paxRecord('comment', 'again') };
    await put(tarOf(...Array.from({ length: 20 }, () => header), { name: 'x' }));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
    await put(tarOf({ name: 'L', type: 'L', bytes: 1024 ** 3 }));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
    await put(tarOf({ name: 'g', type: 'g', content: paxRecord('path', 'all') }, { name: 'x' }));
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_BROKEN' });
  });

  test('whatever bytes an archive has, nothing but the folder changes', async () => {
    const seed = tarOf(
      { name: 'd', type: '5' },
      { name: 'x', type: 'x', content: paxRecord('path', 'd/long') },
      { name: 'f', content: 'content' },
      { name: 'l', type: '2', linkName: 'd' },
      { name: 'h', type: '1', linkName: 'd/long' },
    );
    const change = fc.record({
      at: fc.integer({ min: 0, max: seed.length - 1 }),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    await writeFile(join(folder, 'there', 'secret'), 'secret');
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const archive = Buffer.from(seed);
        for (const { at, byte } of changes) archive[at] = byte;
        for (let start = 0; start < seed.length - 1024; start += 512) mendChecksum(archive, seed, start);
        await put(archive);
        const result = await unpack();
        if (result.kind === 'failed')
          expect(result.reasonCode).toMatch(/^ARCHIVE_(?:BROKEN|REFUSED|TOO_LARGE|NO_SPACE)$/);
        await rm(path, { recursive: true, force: true });
        expect(await readdir(join(folder, 'there'))).toEqual(['secret']);
        expect((await readdir(folder)).sort()).toEqual(['there', 'work']);
      }),
      { numRuns: 300 },
    );
  });

  /** So that a change reaches what lies behind the checksum. */
  function mendChecksum(archive: Buffer, seed: Buffer, start: number): void {
    const header = archive.subarray(start, start + 512);
    if (seed.subarray(start + 257, start + 262).toString('latin1') !== 'ustar') return;
    header.write('        ', 148);
    header.write(
      `${header
        .reduce((total, byte) => total + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
  }
});

describe('a place that cannot be', () => {
  test('no folder, a link, a folder above that is missing, or one that holds the job', async () => {
    await put(tarOf({ name: 'x' }));
    await writeFile(path, 'a file');
    expect(await unpack()).toMatchObject({
      reasonCode: 'UNPACK_NOT_WRITTEN',
      message: expect.stringContaining('is a file, and a folder is expected there'),
    });
    await rm(path);
    await symlink(workDir, path);
    expect(await unpack()).toMatchObject({ reasonCode: 'UNPACK_NOT_WRITTEN' });
    expect(await readdir(workDir)).toEqual(['app.tar']);
    expect(await unpack({ path: join(folder, 'missing', 'app') })).toMatchObject({ reasonCode: 'UNPACK_NOT_WRITTEN' });
    for (const above of [workDir, folder]) {
      expect(await unpack({ path: above })).toMatchObject({ reasonCode: 'UNPACK_NOT_WRITTEN' });
    }
    expect(await readdir(workDir)).toEqual(['app.tar']);
  });

  test('an archive that is not there, or a folder', async () => {
    expect(await unpack()).toMatchObject({ reasonCode: 'ARCHIVE_UNREADABLE' });
    expect(await unpack({ archive: folder })).toMatchObject({ reasonCode: 'ARCHIVE_UNREADABLE' });
  });

  test('a link in the working folder leads nowhere', async () => {
    await put(tarOf({ name: 'x' }));
    await symlink(join(folder, 'there'), join(workDir, 'way'));
    expect(await unpack({ path: 'way/app' })).toMatchObject({ reasonCode: 'UNPACK_NOT_WRITTEN' });
    expect(await readdir(join(folder, 'there'))).toEqual([]);
  });
});

describe('cut off', () => {
  test('between two names, it is put right by the clean-up, or by the next attempt', async () => {
    await put(tarOf({ name: 'new', content: 'new' }));
    const { context } = record();
    const place = folderPlace(path, writerOf(context));
    const cutOff = async () => {
      await rm(path, { recursive: true, force: true });
      for (const [name, content] of [
        [place.previous, 'old'],
        [place.next, 'new'],
      ] as const) {
        await mkdir(name, { recursive: true });
        await writeFile(join(name, content), content);
      }
    };
    await cutOff();
    await unpackArchiveHandler.cleanup?.(context, { archive: 'app.tar', path });
    expect(await readdir(path)).toEqual(['old']);
    expect(await readdir(join(folder, 'there'))).toEqual(['app']);
    await cutOff();
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect(await readdir(path)).toEqual(['new']);
    await rename(path, place.previous);
    await mkdir(path);
    await unpackArchiveHandler.cleanup?.(context, { archive: 'app.tar', path });
    expect(await readdir(join(folder, 'there'))).toEqual(['app']);
    expect(await readdir(path)).toEqual([]); // the new one was in place already
  });

  test('a stop leaves the old folder and nothing else', async () => {
    await mkdir(path);
    await put(tarOf(...Array.from({ length: 50 }, (_, n) => ({ name: `f${n}`, content: randomBytes(2000) }))));
    const recording = record(({ files }) => {
      if (files === 20) recording.stop();
    });
    expect(await unpack({}, recording)).toMatchObject({ reasonCode: 'UNPACK_STOPPED' });
    expect(await readdir(path)).toEqual([]);
    expect(await readdir(join(folder, 'there'))).toEqual(['app']);
  });

  test('a folder that nobody may write in is replaced and removed', async () => {
    await mkdir(path);
    await writeFile(join(path, 'old'), '');
    await chmod(path, 0o555);
    await put(tarOf({ name: 'd', type: '5', mode: 0 }, { name: 'd/f', content: 'x', mode: 0 }));
    expect(await unpack()).toMatchObject({ kind: 'succeeded' });
    expect((await lstat(join(path, 'd'))).mode & 0o777).toBe(0o700);
  });
});

describe('the dry run', () => {
  const plan = (parameters: Partial<UnpackArchiveParameters> = {}) =>
    unpackArchiveHandler.plan?.({ archive: 'app.tar', path, ...parameters }, { ...record().context });

  test('says what would be replaced, and changes nothing', async () => {
    await put(tarOf({ name: 'x' }));
    await mkdir(path);
    expect(await plan()).toEqual({
      actions: [`unpack ${join(workDir, 'app.tar')} (1536 bytes) into ${path}, in the place of what it holds now`],
      problems: [],
    });
    expect(await readdir(path)).toEqual([]);
  });

  test('says what is missing', async () => {
    const archive = join(folder, 'missing.tar');
    expect(await plan({ archive, path: join(folder, 'none', 'app') })).toEqual({
      actions: [`unpack ${archive} (which is not there yet) into the new folder ${join(folder, 'none', 'app')}`],
      problems: [`there is no file ${archive} (ENOENT)`, `there is no folder ${join(folder, 'none')} (ENOENT)`],
    });
  });
});

function record(onProgress?: (details: Readonly<Record<string, string | number>>) => void): RecordingContext {
  return createRecordingContext({ workDir, ...(onProgress === undefined ? {} : { onProgress }) });
}

function put(archive: Buffer): Promise<void> {
  return writeFile(join(workDir, 'app.tar'), archive);
}

function unpack(parameters: Partial<UnpackArchiveParameters> = {}, { context } = record()) {
  return unpackArchiveHandler.run(context, { archive: 'app.tar', path, ...parameters });
}

async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', command], { cwd: workDir });
  return stdout;
}
