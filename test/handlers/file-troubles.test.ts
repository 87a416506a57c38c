/**
 * What an operator reads when a file is in the way: real files, users and file systems. Every message names the path, what
 * is so there, and what was expected.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../agent/core/json.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import { createStepRunnerSetup } from '../fixtures/step-handlers/step-runner-setup.ts';

const isRoot = process.geteuid?.() === 0;
/** More than the small file system holds. */
const CONTENT = Buffer.alloc(24 * 1024, 'x');
const DISK_BYTES = 16 * 1024;

let server: Server;
let url: string;
/** Ours; others may look. */
let place: string;

beforeAll(async () => {
  server = createServer((_, response) => response.end(CONTENT)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
});
afterAll(() => void server.close());
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'file-troubles-'));
  await chmod(place, 0o755);
  await mkdir(join(place, 'work'));
  await chmod(join(place, 'work'), 0o777);
  await mkdir(join(place, 'folder'));
  await mkdir(join(place, 'closed'), { mode: 0o700 });
  await writeFile(join(place, 'file'), CONTENT);
  await writeFile(join(place, 'secret'), 'x', { mode: 0o600 });
  await symlink('/nowhere', join(place, 'dangling'));
  spawnSync('tar', ['-cf', join(place, 'good.tar'), '-C', place, 'file']);
});
afterEach(async () => {
  if (isRoot) spawnSync('umount', ['--lazy', join(place, 'disk')]);
  await rm(place, { recursive: true, force: true });
});

const READERS: Readonly<Record<string, (path: string) => JsonObject>> = {
  'upload-file': (path) => ({ path, url }),
  'collect-logs': (path) => ({ files: [path] }),
  'unpack-archive': (archive) => ({ archive, path: join(place, 'out') }),
};

const WRITERS: Readonly<Record<string, (path: string) => JsonObject>> = {
  'write-file': (path) => ({ path, content: CONTENT.toString() }),
  'download-file': (path) => ({ path, url }),
  'unpack-archive': (path) => ({ archive: join(place, 'good.tar'), path }),
  'install-application': (path) => ({ name: 'app', workingDirectory: path, files: [{ path: 'bin/app', url }] }),
};

/** `reasonCode: message`, or what the dry run says; with `/place` for where it happens. */
async function told(operation: string, parameters: JsonObject): Promise<string> {
  const handler = builtInHandlers.find((each) => each.operation === operation);
  if (handler?.kind !== 'module') throw new Error(`${operation} is none`);
  const workDir = join(place, 'work');
  const { context } = createRecordingContext({ workDir, facts: { uploadFolders: [place], applicationsDir: place } });
  expect(handler.check?.(parameters, context.facts)).toBeUndefined();
  const result = await handler.run(context, parameters);
  if (result.kind !== 'failed') throw new Error(`it did not fail: ${JSON.stringify(result)}`);
  return `${result.reasonCode}: ${result.message}`.replaceAll(place, '/place');
}

const READING: readonly (readonly [name: string, said: string])[] = [
  ['missing', 'there is no file /place/missing (ENOENT)'],
  ['none/missing', 'there is no folder /place/none (ENOENT)'],
  ['file/x', '/place/file is a file, and a folder is expected there (ENOTDIR)'],
  ['folder', '/place/folder is a folder, and a plain file is expected there'],
  ['dangling', '/place/dangling is a link to /nowhere, which is not there (ENOENT)'],
];

describe.each(Object.entries(READERS))('%s reads', (operation, parametersOf) => {
  const codes = { 'upload-file': 'UPLOAD_FILE_', 'collect-logs': 'LOGS_NOT_COLLECTED', 'unpack-archive': 'ARCHIVE_' };
  const code = codes[operation as keyof typeof codes];

  test.each(READING)('%s', async (name, said) => {
    expect(await told(operation, parametersOf(join(place, name)))).toSatisfy(
      (text: string) => text.startsWith(code) && text.endsWith(said),
    );
  });
});

const WRITING: readonly (readonly [name: string, said: string])[] = [
  ['none/x', 'there is no folder /place/none (ENOENT)'],
  ['file/x', '/place/file is a file, and a folder is expected there (ENOTDIR)'],
  ['dangling/x', '/place/dangling is a link to /nowhere, which is not there (ENOENT)'],
];

describe.each(Object.entries(WRITERS))('%s writes', (operation, parametersOf) => {
  const codes = { 'write-file': 'FILE_NOT_WRITTEN', 'download-file': 'DOWNLOAD_NOT_WRITTEN' };
  const others = { 'unpack-archive': 'UNPACK_NOT_WRITTEN', 'install-application': 'FILE_NOT_WRITTEN' };
  const code = { ...codes, ...others }[operation];
  const makesFolders = operation === 'install-application';

  test.each(WRITING.filter(([name]) => !makesFolders || name !== 'none/x'))('%s', async (name, said) => {
    const message = await told(operation, parametersOf(join(place, name)));
    expect(message).toSatisfy((text: string) => text.startsWith(`${code}: `) && text.endsWith(said));
  });

  test.runIf(isRoot)('on a file system that is mounted read-only', async () => {
    await mountDisk('ro');
    const message = await told(operation, parametersOf(join(place, 'disk', 'x')));
    expect(message).toMatch(
      new RegExp(`^${code}: .*/place/disk\\S* is on a file system that is mounted read-only \\(EROFS\\)$`),
    );
  });

  test.runIf(isRoot)('on a full disk, and nothing is left of it', async () => {
    await mountDisk('rw');
    const message = await told(operation, parametersOf(join(place, 'disk', 'x')));
    expect(message).toMatch(/\/place\/disk\S* has (too little space: 16384 bytes are free|16384 free)/);
    expect(await readdir(join(place, 'disk'))).toEqual([]);
  });
});

describe.runIf(isRoot)('as another user, in a process of its own', () => {
  let bundleFolder: string;
  let hostArgv: readonly string[];

  beforeAll(async () => {
    bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
    await chmod(bundleFolder, 0o755);
    hostArgv = await bundleHandlerHost(bundleFolder);
  });
  afterAll(() => rm(bundleFolder, { recursive: true, force: true }));

  test.each<[string, string, string]>([
    [
      'upload-file',
      'secret',
      'UPLOAD_FILE_UNREADABLE: the user nobody may not read /place/secret (mode 0600, owner root)',
    ],
    [
      'upload-file',
      'closed/x',
      'UPLOAD_FILE_UNREADABLE: the user nobody may not enter /place/closed (mode 0700, owner root)',
    ],
    [
      'write-file',
      'x',
      'FILE_NOT_WRITTEN: /place/x could not be written: the user nobody may not write in /place (mode 0755, owner root)',
    ],
    ['install-application', 'new', 'FILE_NOT_WRITTEN: the user nobody may not write in /place (mode 0755, owner root)'],
  ])('%s of %s', async (operation, name, said) => {
    const facts = { uploadFolders: [place], applicationsDir: place, applicationRecordsDir: join(place, 'work') };
    const setup = await createStepRunnerSetup({ hostArgv, runAsUsers: ['nobody'], facts });
    try {
      const parameters = { ...READERS, ...WRITERS }[operation]?.(join(place, name)) ?? {};
      const result = await setup.run({ operation, parameters, runAs: 'nobody' });
      if (result.status !== 'failed') throw new Error(`it did not fail: ${JSON.stringify(result)}`);
      expect(`${result.reasonCode}: ${result.message}`.replaceAll(place, '/place')).toBe(`${said} (EACCES)`);
    } finally {
      await setup.remove();
    }
  });
});

async function mountDisk(option: 'ro' | 'rw'): Promise<void> {
  await mkdir(join(place, 'disk'));
  const options = `${option},size=${DISK_BYTES},mode=0755`;
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'test', join(place, 'disk')]).status).toBe(0);
}
