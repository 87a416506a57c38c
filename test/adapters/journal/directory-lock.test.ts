import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { lockDirectory } from '../../../agent/adapters/journal/directory-lock.ts';
import { live } from '../../contracts/journal-contract.ts';
import { createJournalFolder } from './journal-folder.ts';

const BOOT = 'boot-1';
const LOCK_MODULE = fileURLToPath(new URL('../../../agent/adapters/journal/directory-lock.ts', import.meta.url));

/** Locks the folder it is given, says how that went, and stays. A program of its own, as Node 20 runs no TypeScript. */
let lockProgram = '';

beforeAll(async () => {
  const contents = `
    import { lockDirectory } from ${JSON.stringify(LOCK_MODULE)};
    const said = await lockDirectory(process.argv[1], process.argv[2]).then(() => 'locked', (error) => error.code ?? String(error));
    process.stdout.write(said);
    process.stdin.resume();`;
  const built = await build({
    stdin: { contents, resolveDir: '/', loader: 'js' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  lockProgram = built.outputFiles[0]?.text ?? '';
});

describe('a folder', () => {
  test('is locked once at a time', async () => {
    const dir = await makeFolder();
    const lock = await lockDirectory(dir, BOOT);
    await expect(lockDirectory(dir, BOOT)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
    await lock.release();
    await (await lockDirectory(dir, BOOT)).release();
    expect(await readdir(dir)).toEqual([]);
  });

  test('is locked by one of many at once', async () => {
    const dir = await makeFolder();
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(dir, BOOT)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('of a dead holder goes to one of many at once', async () => {
    const dir = await makeFolder();
    for (let round = 0; round < 40; round += 1) {
      await symlink(`${round + 1}:1:boot-0`, join(dir, 'journal.lock'));
      const ends = await Promise.allSettled(
        Array.from({ length: 6 }, async (_, n) => {
          await setImmediates(n * (round % 12)); // so that they meet at different steps
          return lockDirectory(dir, BOOT);
        }),
      );
      const locks = ends.filter((end) => end.status === 'fulfilled');
      expect(locks).toHaveLength(1);
      await locks[0]?.value.release();
      expect(await readdir(dir)).toEqual([]);
    }
  });

  test('is not taken from one who was faster', async () => {
    const dir = await makeFolder();
    const head = join(dir, 'journal.lock');
    const dead = await deadPid();
    await symlink(`${dead}:1:${BOOT}`, head);
    // At the moment we ask whether the holder lives, another process succeeds it and clears the traces.
    let faster: ChildProcess | undefined;
    const kill = vi.spyOn(process, 'kill').mockImplementationOnce(() => {
      faster = startLocking(dir);
      while (!readlinkSync(head).startsWith(`${faster.pid}:`) || readdirSync(dir).length > 1) {
        // nothing else may run here
      }
      throw Object.assign(new Error('kill ESRCH'), { code: 'ESRCH' });
    });
    onTestFinished(() => kill.mockRestore());
    await expect(lockDirectory(dir, BOOT)).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
    expect(await readlink(head)).toMatch(new RegExp(`^${faster?.pid}:`));
    expect(await readdir(dir)).toEqual(['journal.lock']);
  });

  test('is kept by a process that lives, and freed by its death', async () => {
    const dir = await makeFolder();
    const holder = await lockInChild(dir);
    await expect(lockDirectory(dir, BOOT)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(`process ${holder.pid};`),
    });
    await holder.kill();
    const lock = await lockDirectory(dir, BOOT);
    expect(await readdir(dir)).toEqual(['journal.lock']);
    await lock.release();
  });

  test('of a dead holder goes to one of many children', async () => {
    const dir = await makeFolder();
    await symlink(`${await deadPid()}:1:${BOOT}`, join(dir, 'journal.lock'));
    const children = await Promise.all(Array.from({ length: 4 }, () => lockInChild(dir)));
    expect(children.map(({ said }) => said).sort()).toEqual([
      'JOURNAL_LOCKED',
      'JOURNAL_LOCKED',
      'JOURNAL_LOCKED',
      'locked',
    ]);
    const holder = children.find(({ said }) => said === 'locked');
    expect(await readlink(join(dir, 'journal.lock'))).toMatch(new RegExp(`^${holder?.pid}:`));
    expect(await readdir(dir)).toEqual(['journal.lock']);
  });
});

describe('a lock is stale', () => {
  test.each([
    { what: 'of a process that has ended', link: async () => `${await deadPid()}:1:${BOOT}` },
    { what: 'of another boot', link: async () => `${process.pid}:1:boot-0` },
    { what: 'of an earlier process of that number', link: async () => `${process.pid}:1:${BOOT}` },
    { what: 'that says nothing', link: async () => 'x' },
  ])('$what', async ({ link }) => {
    const dir = await makeFolder();
    await symlink(await link(), join(dir, 'journal.lock'));
    const lock = await lockDirectory(dir, BOOT);
    expect(await readlink(join(dir, 'journal.lock'))).toMatch(new RegExp(`^${process.pid}:\\d{2,}:boot-1$`));
    expect(await readdir(dir)).toEqual(['journal.lock']);
    await lock.release();
  });

  test('if its successor died while taking it', async () => {
    const dir = await makeFolder();
    const hash = createHash('sha256').update('1:1:boot-0').digest('hex').slice(0, 16);
    await symlink('1:1:boot-0', join(dir, 'journal.lock'));
    await symlink('2:2:boot-0', join(dir, `journal.lock.after-${hash}`));
    const lock = await lockDirectory(dir, BOOT);
    expect(await readdir(dir)).toEqual(['journal.lock']);
    expect(await readlink(join(dir, 'journal.lock'))).toMatch(new RegExp(`^${process.pid}:`));
    await lock.release();
  });
});

test('a living successor of a dead holder is the holder', async () => {
  const dir = await makeFolder();
  const lock = await lockDirectory(dir, BOOT);
  const me = await readlink(join(dir, 'journal.lock'));
  await lock.release();
  const hash = createHash('sha256').update('1:1:boot-0').digest('hex').slice(0, 16);
  await symlink('1:1:boot-0', join(dir, 'journal.lock'));
  await symlink(me, join(dir, `journal.lock.after-${hash}`));
  await expect(lockDirectory(dir, BOOT)).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
});

test('a zombie holds nothing', async () => {
  const dir = await makeFolder();
  // `sh` becomes a `sleep`, which never waits for the child that `sh` began.
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => endProcess(parent));
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(output.toString());
  await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'latin1')).toBe('sleep\n');
  process.kill(pid, 'SIGKILL');
  const stat = async () => (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ');
  await expect.poll(async () => (await stat())[0]).toBe('Z');
  const fields = await stat();
  await symlink(`${pid}:${fields[19]}:${BOOT}`, join(dir, 'journal.lock'));
  await (await lockDirectory(dir, BOOT)).release();
});

test('a release leaves the lock of another', async () => {
  const dir = await makeFolder();
  const lock = await lockDirectory(dir, BOOT);
  await unlink(join(dir, 'journal.lock'));
  await symlink('1:1:boot-0', join(dir, 'journal.lock'));
  await lock.release();
  expect(await readlink(join(dir, 'journal.lock'))).toBe('1:1:boot-0');
});

test('a file where the lock belongs is an error that names it', async () => {
  const folder = await createJournalFolder();
  await (await folder.open()).journal.close();
  await writeFile(join(folder.dir, 'journal.lock'), '');
  await expect(folder.open()).rejects.toMatchObject({
    code: 'JOURNAL_UNWRITABLE',
    message: expect.stringMatching(/EINVAL.*journal\.lock/),
  });
});

test('a killed holder leaves a journal that can be opened', async () => {
  const folder = await createJournalFolder({ bootId: BOOT });
  const { journal } = await folder.open();
  await journal.append(live('a'));
  await journal.close();
  const holder = await lockInChild(folder.dir);
  await expect(folder.open()).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
  await holder.kill();
  expect((await folder.open()).recovered.entries).toEqual([live('a')]);
});

async function setImmediates(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await setImmediate();
  }
}

async function makeFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'job-agent-lock-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

interface LockingChild {
  readonly pid: number | undefined;
  /** `locked`, or the error's code. */
  readonly said: string;
  kill(): Promise<void>;
}

async function lockInChild(dir: string): Promise<LockingChild> {
  const child = startLocking(dir);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid, said: said.toString(), kill: () => endProcess(child) };
}

function startLocking(dir: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', lockProgram, '--', dir, BOOT], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => endProcess(child));
  return child;
}

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
