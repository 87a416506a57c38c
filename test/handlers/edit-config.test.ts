import { spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  lchown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HandlerFacts, JsonValue } from '../../agent/handler-api.ts';
import { editConfigHandler } from '../../handlers/edit-config/handler.ts';
import type { EditConfigParameters } from '../../handlers/edit-config/parameters.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const isRoot = process.getuid?.() === 0;
const python = (code: string, ...args: string[]) => spawnSync('python3', ['-c', code, ...args], { encoding: 'utf8' });
const hasAttributes = python('import os,sys,tempfile;os.setxattr(tempfile.mkstemp()[1],"user.a",b"1")').status === 0;

let folder: string;
let file: string;
const OLD = '# note\nkey=old\n';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edit-config-'));
  file = join(folder, 'app.conf');
  await writeFile(file, OLD);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('an edit', () => {
  test('is made, and told with what is other than before', async () => {
    expect(await edit({ merge: { key: 'new', more: 1 } })).toEqual({
      kind: 'succeeded',
      details: {
        path: file,
        changed: 'key, more',
        bytes: 22,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        phase: 'done',
        previous: join(folder, '.app.conf.previous'),
      },
    });
    expect(await content()).toBe('# note\nkey=new\nmore=1\n');
    expect(await readFile(join(folder, '.app.conf.previous'), 'utf8')).toBe(OLD);
    expect((await readdir(folder)).sort()).toEqual(['.app.conf.previous', 'app.conf']);
  });

  test('that changes nothing writes nothing and runs nothing', async () => {
    const before = await stat(file);
    const result = await edit({ merge: { key: 'old' }, check: ['false'], apply: ['false'] });
    expect(result).toEqual({ kind: 'succeeded', details: { path: file, changed: 'nothing' } });
    expect((await stat(file)).ino).toBe(before.ino);
    expect(await readdir(folder)).toEqual(['app.conf']);
  });

  test('keeps one content before it, the last, or none if asked', async () => {
    await edit({ merge: { key: 'second' } });
    await edit({ merge: { key: 'third' } });
    expect(await readFile(join(folder, '.app.conf.previous'), 'utf8')).toBe(OLD.replace('old', 'second'));
    await rm(join(folder, '.app.conf.previous'));
    await edit({ merge: { key: 'fourth' }, keepPrevious: false });
    expect(await readdir(folder)).toEqual(['app.conf']);
  });

  test('of a link changes the file that it leads to, and the link stays', async () => {
    await mkdir(join(folder, 'enabled'));
    const named = join(folder, 'enabled', 'app.conf');
    await symlink('../app.conf', named);
    expect(await edit({ path: named, merge: { key: 'new' } })).toMatchObject({ details: { path: file } });
    expect(await readlink(named)).toBe('../app.conf');
    expect(await content()).toBe('# note\nkey=new\n');
  });

  test.skipIf(!isRoot)('of a link that another user owns is refused', async () => {
    const named = join(folder, 'link');
    await symlink('app.conf', named);
    await lchown(named, 65_534, 65_534);
    expect(await edit({ path: named, merge: { key: 'new' } })).toMatchObject({
      reasonCode: 'CONFIG_UNREADABLE',
      message: expect.stringContaining('is a link of user 65534'),
    });
    expect(await content()).toBe(OLD);
  });

  test.each(['out/app.conf', 'link'])(
    'of a relative path that a link leads out of the working folder is refused: %s',
    async (path) => {
      const workDir = join(folder, 'work');
      await mkdir(workDir);
      await symlink(folder, join(workDir, 'out'));
      await symlink('../app.conf', join(workDir, 'link'));
      await symlink('inner', join(workDir, 'within'));
      await writeFile(join(workDir, 'inner'), OLD);
      const { context } = createRecordingContext({ workDir });
      const run = (named: string) =>
        editConfigHandler.run(context, { path: named, format: 'ini', merge: { key: 'new' } });
      expect(await run(path)).toMatchObject({
        reasonCode: 'CONFIG_UNREADABLE',
        message: expect.stringContaining('leads out of the working folder'),
      });
      expect(await content()).toBe(OLD);
      expect(await run('within')).toMatchObject({ kind: 'succeeded', details: { path: join(workDir, 'inner') } });
    },
  );

  test('keeps the permissions', async () => {
    await chmod(file, 0o640);
    await edit({ merge: { key: 'new' } });
    expect((await stat(file)).mode & 0o7777).toBe(0o640);
  });

  test.skipIf(!isRoot)('keeps the owner, and its previous one its own', async () => {
    await chown(file, 65_534, 4321);
    await edit({ merge: { key: 'new' } });
    for (const path of [file, join(folder, '.app.conf.previous')]) {
      expect(await stat(path)).toMatchObject({ uid: 65_534, gid: 4321 });
    }
  });

  test.skipIf(!hasAttributes)('keeps extended attributes, also when it is rolled back', async () => {
    python('import os,sys;os.setxattr(sys.argv[1],"user.note",b"kept")', file);
    const attribute = () => python('import os,sys;print(os.getxattr(sys.argv[1],"user.note").decode())', file).stdout;
    await edit({ merge: { key: 'new' }, check: ['false'] });
    expect([await content(), attribute()]).toEqual([OLD, 'kept\n']);
    await edit({ merge: { key: 'new' } });
    expect([await content(), attribute()]).toEqual([OLD.replace('old', 'new'), 'kept\n']);
  });

  test('json and lines as well', async () => {
    await writeFile(file, '{"a": 1}\n');
    await edit({ format: 'json', merge: { b: null, a: 2 }, patch: [{ op: 'add', path: '/c', value: [] }] });
    expect(await content()).toBe('{"a": 2, "c": []}\n');
    await edit({ format: 'lines', removeLines: ['{"a": 2, "c": []}'], ensureLines: ['a line'] });
    expect(await content()).toBe('a line\n');
  });
});

describe('a check', () => {
  test('sees the new content in place', async () => {
    expect(await edit({ merge: { key: 'new' }, check: ['grep', '-q', 'key=new', file] })).toMatchObject({
      kind: 'succeeded',
    });
  });

  test('that fails brings the old file back, the very same', async () => {
    const before = await stat(file);
    const result = await edit({
      merge: { key: 'new' },
      check: ['sh', '-c', 'cat "$0"; echo line 2: wrong >&2; exit 3', file],
    });
    expect(result).toEqual({
      kind: 'failed',
      reasonCode: 'FILE_CHECK_FAILED',
      message: `${file} failed its check: sh ended with exit code 3: line 2: wrong; rolled back`,
      details: { phase: 'rolled back' },
    });
    expect(await content()).toBe(OLD);
    expect((await stat(file)).ino).toBe(before.ino);
    expect(await readdir(folder)).toEqual(['app.conf']);
  });

  test('that fails leaves the previous content of before as it is', async () => {
    await edit({ merge: { key: 'second' } });
    await edit({ merge: { key: 'third' }, check: ['false'] });
    expect(await readFile(join(folder, '.app.conf.previous'), 'utf8')).toBe(OLD);
  });

  test('by a program that is not there fails, too, and no argument is told', async () => {
    const result = await edit({ merge: { key: 'new' }, check: ['no-such-program', '--password=secret'] });
    expect(result).toMatchObject({ reasonCode: 'FILE_CHECK_FAILED' });
    expect(JSON.stringify(result)).not.toContain('secret');
    expect(await content()).toBe(OLD);
  });

  test('is not followed by a roll-back over what somebody else wrote', async () => {
    const result = await edit({ merge: { key: 'new' }, check: ['sh', '-c', 'echo theirs > "$0"; exit 1', file] });
    expect(result).toMatchObject({ kind: 'failed', reasonCode: 'FILE_NOT_ROLLED_BACK' });
    expect(await content()).toBe('theirs\n');
  });
});

describe('a step that is run again after a failure', () => {
  test.each(['check', 'apply'] as const)('makes the change anew: %s', async (command) => {
    const flag = join(folder, 'ready');
    const parameters: EditConfigParameters = {
      path: file,
      format: 'ini',
      merge: { key: 'new' },
      [command]: ['sh', '-c', 'test -e "$0" || ! grep -q new "$1"', flag, file],
    };
    const first = createRecordingContext({ workDir: folder });
    expect(await editConfigHandler.run(first.context, parameters)).toMatchObject({ kind: 'failed' });
    expect(await content()).toBe(OLD);
    await writeFile(flag, '');
    const again = createRecordingContext({ workDir: folder, restored: first.checkpoints.at(-1) });
    expect(await editConfigHandler.run(again.context, parameters)).toMatchObject({ kind: 'succeeded' });
    expect(await content()).toBe(OLD.replace('old', 'new'));
  });
});

describe('apply', () => {
  const log = () => readFile(join(folder, 'applied'), 'utf8');
  /** As a service that takes what it finds, and refuses some of it. */
  const apply = ['sh', '-c', 'grep key "$0" >> "$1"; ! grep -q bad "$0"'];

  test('is run after the check', async () => {
    const applied = join(folder, 'applied');
    expect(await edit({ merge: { key: 'good' }, check: ['true'], apply: [...apply, file, applied] })).toMatchObject({
      kind: 'succeeded',
    });
    expect(await log()).toBe('key=good\n');
  });

  test('that fails brings the old content back, and is run again for it', async () => {
    const applied = join(folder, 'applied');
    expect(await edit({ merge: { key: 'bad' }, check: ['true'], apply: [...apply, file, applied] })).toMatchObject({
      kind: 'failed',
      reasonCode: 'FILE_APPLY_FAILED',
      message: expect.stringContaining('rolled back, and the old content applied again'),
      details: { phase: 'rolled back' },
    });
    expect(await log()).toBe('key=bad\nkey=old\n');
    expect(await content()).toBe(OLD);
  });

  test('that fails for the old content, too, says so', async () => {
    expect(await edit({ merge: { key: 'new' }, apply: ['false'] })).toMatchObject({
      reasonCode: 'FILE_APPLY_FAILED',
      details: { phase: 'rolled back, not applied' },
    });
    expect(await content()).toBe(OLD);
  });

  test('is not run when the check fails', async () => {
    await edit({ merge: { key: 'new' }, check: ['false'], apply: ['touch', join(folder, 'applied')] });
    expect(await readdir(folder)).toEqual(['app.conf']);
  });
});

describe('a stop', () => {
  test.each(['check', 'apply'] as const)('during %s is undone by the clean-up', async (during) => {
    const started = join(folder, 'started');
    const recording = createRecordingContext({
      workDir: folder,
      onProgress: ({ phase }) => {
        if (phase === (during === 'check' ? 'checking' : 'applying')) setImmediate(() => recording.stop());
      },
    });
    const command = ['sh', '-c', 'echo run >> "$0"; grep -q old "$1" || exec sleep 60', started, file];
    const parameters: EditConfigParameters = { path: file, format: 'ini', merge: { key: 'new' }, [during]: command };
    expect(await editConfigHandler.run(recording.context, parameters)).toMatchObject({
      reasonCode: 'FILE_CHANGE_STOPPED',
    });
    for (const _ of ['once', 'and once more']) {
      const after = createRecordingContext({ workDir: folder, restored: recording.checkpoints.at(-1) });
      expect(await editConfigHandler.cleanup?.(after.context, parameters)).toMatchObject({ kind: 'succeeded' });
      expect(await content()).toBe(OLD);
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('before anything was changed leaves nothing to clean up', async () => {
    const { context } = createRecordingContext({ workDir: folder });
    await editConfigHandler.cleanup?.(context, { path: file, format: 'ini', merge: { key: 'new' } });
    expect(await content()).toBe(OLD);
  });
});

describe('what fails, and changes nothing', () => {
  test('a file that something else changes meanwhile', async () => {
    const recording = createRecordingContext({ workDir: folder });
    const context = {
      ...recording.context,
      async checkpoint(value: JsonValue) {
        await recording.context.checkpoint(value);
        await writeFile(file, 'theirs=1\n');
      },
    };
    const result = await editConfigHandler.run(context, { path: file, format: 'ini', merge: { key: 'new' } });
    expect(result).toMatchObject({ reasonCode: 'FILE_CHANGED_MEANWHILE' });
    expect(await content()).toBe('theirs=1\n');
    expect(await readdir(folder)).toEqual(['app.conf']);
  });

  test.each([
    ['is not there', 'nowhere.conf', 'CONFIG_UNREADABLE'],
    ['is a folder', '.', 'CONFIG_UNREADABLE'],
    ['is a device', '/dev/null', 'CONFIG_UNREADABLE'],
  ])('a file that %s', async (_, path, reasonCode) => {
    expect(await edit({ path: join(folder, path === '.' ? '' : path), merge: { a: 1 } })).toMatchObject({ reasonCode });
  });

  test('a file or folder that is not there, in words', async () => {
    const missing = join(folder, 'none');
    expect(await edit({ path: missing, merge: { a: 1 } })).toMatchObject({
      message: `${missing}: cannot be read: there is no file ${missing} (ENOENT)`,
    });
    expect(await edit({ path: join(missing, 'a.conf'), merge: { a: 1 } })).toMatchObject({
      message: expect.stringContaining(`cannot be read: there is no folder ${missing} (ENOENT)`),
    });
    await symlink('gone', missing);
    expect(await edit({ path: missing, merge: { a: 1 } })).toMatchObject({
      message: expect.stringContaining(`${missing} is a link to gone, which is not there`),
    });
  });

  test('a file that is too large, with its size', async () => {
    await truncate(file, 1024 ** 2 + 1);
    expect(await edit({ merge: { a: 1 } })).toMatchObject({
      reasonCode: 'CONFIG_UNSUITABLE',
      message: `${file}: has 1048577 bytes, more than 1048576`,
    });
  });

  test('a file of another format, with line and column, and without its content', async () => {
    await writeFile(file, 'a=1\nmy secret is out\n');
    const result = await edit({ merge: { a: 2 } });
    expect(result).toMatchObject({ reasonCode: 'CONFIG_NOT_PARSED' });
    expect(result).toHaveProperty('message', expect.stringContaining(`${file}: line 2, column 1: expected a key`));
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  test('another name of the file keeps the old content', async () => {
    await link(file, join(folder, 'other-name'));
    await edit({ merge: { key: 'new' } });
    expect(await readFile(join(folder, 'other-name'), 'utf8')).toBe(OLD);
  });
});

describe('the dry run', () => {
  test('says what would change, and changes nothing', async () => {
    const before = await stat(file);
    expect(await plan({ merge: { key: 'secret', more: 1 }, check: ['true'], apply: ['no-such-program', 'x'] })).toEqual(
      {
        actions: [
          `change in ${file} (15 bytes, then 25): key, more`,
          'run true with 0 arguments, and put the old content back if it fails',
          'run no-such-program with 1 argument, and put the old content back if it fails',
        ],
        problems: ['there is no program no-such-program on PATH'],
      },
    );
    const { ino, mtimeMs, ctimeMs } = before;
    expect(await stat(file)).toMatchObject({ ino, mtimeMs, ctimeMs });
    expect(await readdir(folder)).toEqual(['app.conf']);
  });

  test('says what would fail', async () => {
    await writeFile(file, '{"a":}');
    const { problems } = await plan({ format: 'json', merge: { a: 1 } });
    expect(problems).toEqual([`${file}: line 1, column 6: expected a value`]);
    expect((await plan({ path: '/no/such', merge: { a: 1 } })).problems[0]).toContain('ENOENT');
  });

  test('of what is so already says that', async () => {
    expect((await plan({ merge: { key: 'old' }, apply: ['x'] })).actions).toEqual([
      `leave ${file} as it is: it has all that already`,
    ]);
  });
});

type Some = Partial<EditConfigParameters>;

function edit(some: Some, facts: Partial<HandlerFacts> = {}) {
  const { context } = createRecordingContext({ workDir: folder, facts });
  return editConfigHandler.run(context, { path: file, format: 'ini', ...some });
}

async function plan(some: Some) {
  const { context } = createRecordingContext({ workDir: folder });
  const planned = await editConfigHandler.plan?.({ path: file, format: 'ini', ...some }, context);
  if (planned === undefined) throw new Error('no dry run');
  return planned;
}

function content(): Promise<string> {
  return readFile(file, 'utf8');
}
