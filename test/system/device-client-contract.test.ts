/**
 * What handler scripts of the AWS IoT Device Client, and who writes their documents, count on
 * (https://github.com/awslabs/aws-iot-device-client: source/jobs/README.md, docs/PERMISSIONS.md, sample-job-handlers), where
 * that client itself keeps to it and where it does not. Scripts of our own that do as its samples do.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AgentAndCloud, startAgentAndCloud } from '../fixtures/agent-and-cloud.ts';

/** The status, and the status details beside it. */
type Told = Readonly<Partial<Record<string, string>>>;

interface Asked {
  readonly args?: readonly string[];
  readonly more?: object;
  readonly document?: object;
}

let jobs = 0;

/** In schema 1.0, or in the older format, which are called alike. */
async function runScript({ runJob, handlersDir }: AgentAndCloud, script: string, asked: Asked = {}): Promise<Told> {
  await writeFile(join(handlersDir, 'script.sh'), script, { mode: 0o700 });
  const { args = [], more = {}, document = {} } = asked;
  const action = { name: 'Run', type: 'runHandler', input: { handler: 'script.sh', args, path: 'default' }, ...more };
  const { status, statusDetails } = await runJob(`job-${++jobs}`, { version: '1.0', steps: [{ action }], ...document });
  return { status, ...statusDetails.detailsMap };
}

async function runOldFormat({ runJob, handlersDir }: AgentAndCloud, script: string, more: object): Promise<Told> {
  await writeFile(join(handlersDir, 'script.sh'), script, { mode: 0o700 });
  const { status, statusDetails } = await runJob(`job-${++jobs}`, { operation: 'script.sh', path: 'default', ...more });
  return { status, ...statusDetails.detailsMap };
}

test('exit code 1 is an exit code, not a signal', async () => {
  const there = await startAgentAndCloud();
  for (const code of [1, 2, 127, 137, 255]) {
    expect(await runScript(there, `#!/bin/sh\nexit ${code}\n`)).toMatchObject({
      status: 'FAILED',
      reasonCode: 'HANDLER_EXIT_CODE',
      reason: `script.sh ended with exit code ${code}`,
    });
  }
});

test('allowStdErr limits the lines of stderr, and excuses no exit code', async () => {
  const there = await startAgentAndCloud();
  const twoLines = (exit: number) => `#!/bin/sh\necho one >&2\necho two >&2\nexit ${exit}\n`;
  const cases: readonly [
    allowStdErr: number | string | undefined,
    exit: number,
    status: string,
    reasonCode?: string,
  ][] = [
    [undefined, 0, 'SUCCEEDED'],
    [2, 0, 'SUCCEEDED'],
    ['2', 0, 'SUCCEEDED'],
    [1, 0, 'FAILED', 'HANDLER_STDERR'],
    [0, 0, 'FAILED', 'HANDLER_STDERR'],
    [undefined, 1, 'FAILED', 'HANDLER_EXIT_CODE'],
    [10, 1, 'FAILED', 'HANDLER_EXIT_CODE'],
  ];
  for (const [allowStdErr, exit, status, reasonCode] of cases) {
    const more = allowStdErr === undefined ? {} : { allowStdErr };
    for (const ended of [
      await runScript(there, twoLines(exit), { more }),
      await runOldFormat(there, twoLines(exit), more),
    ]) {
      expect([allowStdErr, exit, ended.status, ended.reasonCode]).toEqual([allowStdErr, exit, status, reasonCode]);
      if (status === 'FAILED') expect(ended.stderr).toBe('one two');
    }
  }
});

test('includeStdOut is a boolean, or a string that says so', async () => {
  const there = await startAgentAndCloud();
  const script = '#!/bin/sh\necho said\n';
  for (const [includeStdOut, stdout] of [
    [true, 'said'],
    ['true', 'said'],
    [false, undefined],
    ['false', undefined],
  ] as const) {
    const document = { includeStdOut };
    expect([includeStdOut, (await runScript(there, script, { document })).stdout]).toEqual([includeStdOut, stdout]);
    expect([includeStdOut, (await runOldFormat(there, script, document)).stdout]).toEqual([includeStdOut, stdout]);
  }
});

test('a handler that is not there is said to be missing', async () => {
  const { runJob, handlersDir } = await startAgentAndCloud();
  const { status, statusDetails } = await runJob('missing', { operation: 'no-such.sh', path: 'default' });
  expect([status, statusDetails.detailsMap.reasonCode]).toEqual(['REJECTED', 'UNKNOWN_OPERATION']);
  expect(statusDetails.detailsMap.reason).toContain(`${handlersDir} has no file of that name`);
});

test('output has no number of lines that ends a handler, and its last lines are told', async () => {
  const there = await startAgentAndCloud();
  const script = '#!/bin/sh\nseq 1 5000\nseq 1 5000 >&2\necho done >&2\necho the last line\n';
  const { status, stdout } = await runScript(there, script, { document: { includeStdOut: true } });
  expect([status, stdout]).toEqual(['SUCCEEDED', expect.stringMatching(/4999 5000 the last line$/)]);
});

test('a URL reaches its handler as it is', async () => {
  const there = await startAgentAndCloud();
  const url = 'https://b.s3.amazonaws.com/a%20b?X-Amz-Security-Token=a%2Fb%3D&X-Amz-Signature=0f&x=$HOME;`id`';
  const file = join(there.handlersDir, '..', 'url');
  await runScript(there, `#!/bin/sh\nprintf %s "$2" > "$3"\n`, { args: [url, file] });
  expect(await readFile(file, 'utf8')).toBe(url);
});

test('a script that changes user by itself does so, and one without sudo goes on as it is', async () => {
  const there = await startAgentAndCloud();
  // As its samples do: sudo where it is and the user is known, else the script's own user.
  const script = `#!/usr/bin/env sh
set -e
user=$1
if id "$user" > /dev/null 2>&1 && command -v sudo > /dev/null; then who=$(sudo -u "$user" -n id -un); else who=$(id -un); fi
echo "who=$who" >> "$JOB_STATUS_FILE"
`;
  const { username } = userInfo();
  for (const runAsUser of ['', username]) {
    expect(await runScript(there, script, { more: { runAsUser } })).toMatchObject({
      status: 'SUCCEEDED',
      who: username,
    });
  }
});

test('a script that remembers itself by a lock file is run once a job', async () => {
  const there = await startAgentAndCloud();
  // As restart-services.sh and reboot.sh do, which that client runs again from the beginning after each restart.
  const lock = join(there.handlersDir, '..', 'lock');
  const script = `#!/bin/sh\nif [ -e ${lock} ]; then rm ${lock}; exit 1; fi\n: > ${lock}\n`;
  expect((await runScript(there, script)).status).toBe('SUCCEEDED');
  expect((await runScript(there, script)).status).toBe('FAILED');
});

test('a handler finds HOME, PATH and a shell of its own choice', async () => {
  const there = await startAgentAndCloud();
  const script = '#!/usr/bin/env sh\necho "home=$HOME" >> "$JOB_STATUS_FILE"\ncommand -v awk > /dev/null\n';
  expect(await runScript(there, script)).toMatchObject({ status: 'SUCCEEDED', home: userInfo().homedir });
});

describe('permissions', () => {
  /** docs/PERMISSIONS.md wants 700 to the bit; what keeps others from writing it is enough here. */
  test.each([0o700, 0o500, 0o750, 0o755, 0o555, 0o711])('a handler of mode %o runs', async (mode) => {
    const there = await startAgentAndCloud();
    await writeFile(join(there.handlersDir, 'script.sh'), '#!/bin/sh\nexit 0\n');
    await chmod(join(there.handlersDir, 'script.sh'), mode);
    expect((await there.runJob('allowed', { operation: 'script.sh', args: [] })).status).toBe('SUCCEEDED');
  });

  test.each([
    [0o600, 'is not executable'],
    [0o770, 'others than its owner may write'],
    [0o702, 'others than its owner may write'],
  ])('a handler of mode %o is REJECTED, with the chmod that helps', async (mode, why) => {
    const there = await startAgentAndCloud();
    await writeFile(join(there.handlersDir, 'script.sh'), '#!/bin/sh\nexit 0\n');
    await chmod(join(there.handlersDir, 'script.sh'), mode);
    const { status, statusDetails } = await there.runJob('refused', { operation: 'script.sh', args: [] });
    expect([status, statusDetails.detailsMap.reasonCode]).toEqual(['REJECTED', 'HANDLER_NOT_EXECUTABLE']);
    expect(statusDetails.detailsMap.reason).toContain(why);
    expect(statusDetails.detailsMap.reason).toContain('chmod ');
  });
});
