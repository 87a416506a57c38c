// Each check is held to finding its fault: handlers that are wrong in one way, and one that is right in all.

import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadOfflineSettings } from '../../agent/config/offline-settings.ts';
import { CHECK_NAMES, checkHandler } from '../../agent/handler-check/check-handler.ts';
import { createLogger } from '../../agent/log.ts';
import { AGENT_BUNDLE } from '../fixtures/agent-process.ts';

const NO_PARAMETERS = { type: 'object', properties: {}, additionalProperties: false };

interface Options {
  readonly manifest?: object | null;
  readonly onInterrupted?: 'fail' | 'rerun';
  readonly limitMs?: number;
  readonly only?: readonly string[];
}

/** All but the one that takes longer than the others together: that it is no false alarm is held by the good handler. */
const MOST_CHECKS = CHECK_NAMES.filter((name) => !name.startsWith('100 MB'));

/** @returns for each check what came of it. */
async function verdictsOf(script: string, options: Options = {}) {
  const { manifest, onInterrupted = 'fail', limitMs, only = MOST_CHECKS } = options;
  const handlersDir = await mkdtemp(join(tmpdir(), 'checked-'));
  onTestFinished(() => rm(handlersDir, { recursive: true, force: true }));
  const path = join(handlersDir, 'tried');
  await writeFile(path, `#!/bin/sh\n${script}`);
  await chmod(path, 0o755);
  if (manifest !== null) {
    const declared = { parameters: NO_PARAMETERS, onInterrupted, ...manifest };
    await writeFile(join(handlersDir, 'tried.handler.json'), JSON.stringify(declared));
  }
  const { config } = await loadOfflineSettings({ file: join(handlersDir, 'none'), env: {} }, false);
  const verdicts = await checkHandler({
    config: { ...config, handlersDir, stopGraceSeconds: 1 },
    downloadCaPem: '',
    agentVersion: '1.2.3',
    hostArgv: [process.execPath, AGENT_BUNDLE, 'handler-host'],
    log: createLogger({ level: 'error', pretty: false, destination: { write: () => undefined } }),
    operation: 'tried',
    kind: 'executable',
    onInterrupted,
    path,
    jobDocument: { operation: 'tried', parameters: {} },
    only,
    signal: new AbortController().signal,
    ...(limitMs === undefined ? {} : { limitMs }),
    onVerdict: () => undefined,
  });
  return {
    verdicts,
    failed: verdicts.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check),
    what: (name: string) => verdicts.find(({ check }) => check === name)?.what ?? '',
  };
}

const canMount = process.geteuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

const GOOD = `trap 'exit 1' TERM
trap '' PIPE
echo "state=working" >> "$JOB_STATUS_FILE"
echo hello
sleep 0.3 & wait $!
echo "state=done" >> "$JOB_STATUS_FILE"
exit 0
`;

test('a handler without a fault passes every check that applies to it', async () => {
  const { verdicts, failed } = await verdictsOf(GOOD, { only: CHECK_NAMES });
  expect(failed).toEqual([]);
  const passed = verdicts.filter(({ verdict }) => verdict === 'pass').map(({ check }) => check);
  expect(passed).toEqual(
    expect.arrayContaining([
      'first run',
      'processes left',
      'double delivery',
      'unknown parameter',
      '100 MB of output',
      'slow reader',
      'closed stdin',
      'files left',
      'closed output',
      'SIGTERM',
      'SIGKILL',
    ]),
  );
  if (canMount) expect(passed).toContain('full disk');
});

test('one that may run again does so after each power cut', async () => {
  const { what, failed } = await verdictsOf(GOOD, { onInterrupted: 'rerun' });
  expect(failed).toEqual([]);
  expect(what('SIGKILL')).toMatch(/^killed at \d+ moments, 0, .* rerun: SUCCEEDED each time$/);
});

test('one that fails in peace is tried no further', async () => {
  const { verdicts, failed, what } = await verdictsOf('exit 3\n');
  expect(failed).toEqual(['first run']);
  expect(what('first run')).toContain('HANDLER_EXIT_CODE');
  expect(verdicts.slice(1).every(({ verdict }) => verdict === 'not applicable')).toBe(true);
});

test('a process left behind is named', async () => {
  const { failed, what } = await verdictsOf('setsid sleep 300 > /dev/null 2>&1 &\n');
  expect(failed).toContain('processes left');
  expect(what('processes left')).toMatch(/left (?:sleep|setsid) \(process \d+\)/);
});

test('one that cannot be done twice is found', async () => {
  const { failed, what } = await verdictsOf('mkdir "$(dirname "$0")/once"\n');
  expect(failed).toEqual(['double delivery']);
  expect(what('double delivery')).toContain('FAILED (HANDLER_EXIT_CODE');
  // What the others would find is of that fault's making.
  expect(what('SIGKILL')).toContain('after double delivery it did not succeed in peace any more');
});

test('a misspelt parameter that passes unseen is found', async () => {
  const { failed } = await verdictsOf('exit 0\n', { manifest: null });
  expect(failed).toEqual(['unknown parameter']);
});

test('one that gives up when its output is read slowly is found', async () => {
  const { failed } = await verdictsOf("trap '' PIPE\ntimeout 0.7 head -c 1000000 /dev/zero || [ $? = 1 ]\n");
  expect(failed).toEqual(['slow reader']);
});

test('a child that holds the output open is a process left, and the reader is not blamed for it', async () => {
  const options = { only: ['processes left', 'slow reader'], limitMs: 15_000 };
  const { failed, verdicts } = await verdictsOf('echo hello\nsleep 300 &\n', options);
  expect(failed).toEqual(['processes left']);
  expect(verdicts.at(-1)).toMatchObject({ check: 'slow reader', verdict: 'pass' });
});

test('one that dies when nobody reads its output is found', async () => {
  const { failed, what } = await verdictsOf('echo one\necho two\n');
  expect(failed).toEqual(['closed output']);
  expect(what('closed output')).toContain('SIGPIPE');
});

test('one that waits for ever for its input is found', async () => {
  const { failed, what } = await verdictsOf("until grep -qs '{'; do sleep 0.05; done\n", { limitMs: 4_000 });
  expect(failed).toContain('closed stdin');
  expect(what('closed stdin')).toContain('no end');
});

test('a temporary file that is left is named', async () => {
  const { failed, what } = await verdictsOf('mktemp > /dev/null\n');
  expect(failed).toContain('files left');
  expect(what('files left')).toMatch(/\$TMPDIR\/tmp\./);
});

test('a file in a public folder that the handler names is found', async () => {
  const path = `/tmp/left-${randomUUID()}`;
  onTestFinished(() => rm(path, { force: true }));
  const { failed, what } = await verdictsOf(`echo x > ${path}\n`);
  expect(failed).toContain('files left');
  expect(what('files left')).toContain(path);
});

test('a file there is found whose name is made while the handler runs', async () => {
  const start = `left-${randomUUID()}`;
  onTestFinished(async () => {
    for (const name of await readdir('/tmp')) if (name.startsWith(start)) await rm(join('/tmp', name), { force: true });
  });
  const { failed, what } = await verdictsOf(`echo x > "/tmp/${start}.$$"\n`, { only: ['files left'] });
  expect(failed).toEqual(['files left']);
  expect(what('files left')).toMatch(new RegExp(`it left /tmp/${start}\\.\\d+;`));
});

const RESTARTS = (verify: string) => `if [ "$JOB_PURPOSE" = verify ]; then
  ${verify}
fi
echo 7 > "$JOB_CHECKPOINT_FILE"
exit 194
`;

test('one that verifies after a restart passes, however often it is called', async () => {
  const { verdicts, failed } = await verdictsOf(RESTARTS('cat "$JOB_CHECKPOINT_FILE" >/dev/null; exit'));
  expect(failed).toEqual([]);
  expect(verdicts.find(({ check }) => check === 'restart')?.verdict).toBe('pass');
});

test('one that can verify only once is found', async () => {
  const { failed } = await verdictsOf(
    RESTARTS('cat "$JOB_CHECKPOINT_FILE" >/dev/null || exit 1; rm "$JOB_CHECKPOINT_FILE"; sleep 0.6; exit 0'),
    { only: ['restart'] },
  );
  expect(failed).toContain('restart');
});

test('one that asks for restarts for ever is found', async () => {
  const { failed } = await verdictsOf('exit 194\n');
  expect(failed).toEqual(['first run', 'restart']);
});

test('one that does not end on SIGTERM is found', async () => {
  const { failed, what } = await verdictsOf("trap '' TERM\nfor i in 1 2 3 4; do sleep 0.5; done\n", {
    only: ['SIGTERM'],
  });
  expect(failed).toEqual(['SIGTERM']);
  expect(what('SIGTERM')).toContain('still there after stopGraceSeconds (1 s)');
});

test('one that leaves a file when it is stopped is found', async () => {
  const { failed, what } = await verdictsOf('file=$(mktemp)\nsleep 0.5\nrm "$file"\n', {
    only: ['SIGTERM', 'double delivery'],
  });
  expect(failed).toContain('SIGTERM');
  expect(what('SIGTERM')).toMatch(/left \$TMPDIR\/tmp\./);
});

const LOCKED = `lock="$(dirname "$0")/lock"
trap 'rmdir "$lock"; exit 1' TERM
mkdir "$lock" || exit 1
sleep 0.4 & wait $!
rmdir "$lock"
`;

test('one that a power cut locks out of its own work is found', async () => {
  const { failed, what } = await verdictsOf(LOCKED, { only: ['double delivery', 'SIGTERM', 'SIGKILL'] });
  expect(failed).toEqual(['SIGKILL']);
  expect(what('SIGKILL')).toContain('then a new job: FAILED');
});

test('one that says it may run again, and cannot, is found', async () => {
  const { failed, what } = await verdictsOf(LOCKED, { onInterrupted: 'rerun', only: ['SIGTERM', 'SIGKILL'] });
  expect(failed).toEqual(['SIGKILL']);
  expect(what('SIGKILL')).toContain('by its rule rerun it ran again: FAILED');
});

test.runIf(canMount)('one that passes over a full disk is found', async () => {
  const { failed, what } = await verdictsOf('trap \'\' PIPE\ncat "$0" > "$JOB_WORK_DIR/copy" || true\n');
  expect(failed).toEqual(['full disk']);
  expect(what('full disk')).toContain('though it printed that there was no space');
});

test('nothing is left of the checks', async () => {
  const before = spawnSync('mount').stdout.toString();
  await verdictsOf('exit 0\n');
  expect(spawnSync('mount').stdout.toString()).toBe(before);
});
