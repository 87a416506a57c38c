// Power is cut before and after each call to the file system and each checkpoint; then the next attempt goes on, or the
// clean-up comes. What has not reached the disk when it goes is another matter: test/power holds replaceFile to that.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HandlerResult, JsonValue, ModuleHandler } from '../../agent/handler-api.ts';
import { editConfigHandler } from '../../handlers/edit-config/handler.ts';
import { writeFileHandler } from '../../handlers/write-file/handler.ts';
import { createRecordingContext } from '../fixtures/recording-context.ts';

const power = vi.hoisted(() => {
  const state = { cutAt: Number.POSITIVE_INFINITY, isBefore: false, calls: 0, isOff: false };
  const cut = () => {
    state.isOff = true;
    throw new Error('power is off');
  };
  return {
    state,
    /** One thing that reaches the disk. */
    async call<T>(act: () => Promise<T>): Promise<T> {
      if (state.isOff) return cut();
      state.calls += 1;
      const isLast = state.calls === state.cutAt;
      if (isLast && state.isBefore) return cut();
      const result = await act();
      if (!isLast) return result;
      await (result as { close?: () => Promise<void> } | undefined)?.close?.(); // nobody else will
      return cut();
    },
  };
});

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const names = ['rename', 'link', 'rm', 'open', 'copyFile', 'lstat', 'readFile'] as const;
  const cuttable = names.map((name) => {
    const act = real[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => power.call(() => act(...args))] as const;
  });
  return { ...real, ...Object.fromEntries(cuttable) };
});

let folder: string;
let file: string;
const OLD = 'key=old\n';

beforeEach(async () => {
  turnOn();
  folder = await mkdtemp(join(tmpdir(), 'edit-power-'));
  file = join(folder, 'app.conf');
});
afterEach(async () => {
  turnOn();
  await rm(folder, { recursive: true, force: true });
});

interface Scenario {
  readonly handler: ModuleHandler;
  readonly parameters: (content: string) => Record<string, JsonValue>;
  readonly old: string | undefined;
  /** What stands between `key` and the value. */
  readonly sign?: string;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'edit-config': {
    handler: editConfigHandler as unknown as ModuleHandler,
    parameters: (value) => ({ path: file, format: 'ini', merge: { key: value }, ...commands() }),
    old: OLD,
  },
  'edit-config of yaml': {
    handler: editConfigHandler as unknown as ModuleHandler,
    parameters: (value) => ({ path: file, format: 'yaml', merge: { key: value }, ...commands() }),
    old: 'key: old\n',
    sign: ': ',
  },
  'write-file over a file': {
    handler: writeFileHandler as unknown as ModuleHandler,
    parameters: (value) => ({ path: file, content: `key=${value}\n`, keepPrevious: true, ...commands() }),
    old: OLD,
  },
  'write-file of a new file': {
    handler: writeFileHandler as unknown as ModuleHandler,
    parameters: (value) => ({ path: file, content: `key=${value}\n`, ...commands() }),
    old: undefined,
  },
};

/** Both note what they see; the check refuses `bad`, and `flaky` the first time; apply refuses `broken`. */
function commands() {
  const seen = (name: string) => `echo "${name} $(cat "$0" 2>/dev/null)" >> "$1"`;
  return {
    check: [
      'sh',
      '-c',
      `${seen('check')}; ! grep -q bad "$0" && ! { grep -q flaky "$0" && [ "$(grep -c flaky "$1")" = 1 ]; }`,
      file,
      join(folder, 'seen'),
    ],
    apply: ['sh', '-c', `${seen('apply')}; ! grep -qs broken "$0"`, file, join(folder, 'seen')],
  };
}

describe.each(Object.entries(scenarios))('%s', (_, { handler, parameters, old, sign = '=' }) => {
  test.each([
    ['good', 'succeeded'],
    ['bad', 'failed'],
    ['broken', 'failed'],
  ] as const)('a change to %s ends as it should, wherever it was cut off', async (value, kind) => {
    const count = await countCalls(value);
    expect(count).toBeGreaterThan(9);
    for (let cutAt = 1; cutAt <= count; cutAt++) {
      for (const isBefore of [true, false]) {
        await reset();
        const restored = await runUntilCut(value, { cutAt, isBefore });
        const result = await attempt(value, restored, 'run');
        const where = `call ${cutAt}, ${isBefore ? 'before' : 'after'}`;
        expect([where, result.kind]).toEqual([where, kind]);
        if (kind === 'succeeded') await expectNew(value, where);
        else await expectOld(where);
        if (kind === 'failed') expect(result).toHaveProperty('message', expect.stringContaining('rolled back'));
      }
    }
  });

  test('a change that has failed once is not tried again, though its check would succeed now', async () => {
    const count = await countCalls('flaky');
    let undoings = 0;
    for (let cutAt = 1; cutAt <= count; cutAt++) {
      await reset();
      const restored = await runUntilCut('flaky', { cutAt, isBefore: false });
      if ((restored as { phase?: string } | undefined)?.phase !== 'undoing') continue;
      undoings += 1;
      expect(await attempt('flaky', restored, 'run')).toMatchObject({
        kind: 'failed',
        reasonCode: 'FILE_CHECK_FAILED',
      });
      await expectOld(`call ${cutAt}`);
    }
    expect(undoings).toBeGreaterThan(0);
  });

  test('what is not to go on is undone by the clean-up, wherever it was cut off', async () => {
    const count = await countCalls('good');
    for (let cutAt = 1; cutAt <= count; cutAt++) {
      for (const isBefore of [true, false]) {
        await reset();
        const restored = await runUntilCut('good', { cutAt, isBefore });
        const where = `call ${cutAt}, ${isBefore ? 'before' : 'after'}`;
        expect([where, (await attempt('good', restored, 'cleanup')).kind]).toEqual([where, 'succeeded']);
        const isDone = (restored as { phase?: string } | undefined)?.phase === 'done';
        if (isDone) await expectNew('good', where);
        else await expectOld(where);
      }
    }
  });

  async function countCalls(value: string): Promise<number> {
    await reset();
    await runUntilCut(value, { cutAt: Number.POSITIVE_INFINITY, isBefore: false });
    return power.state.calls;
  }

  async function reset(): Promise<void> {
    turnOn();
    for (const name of await readdir(folder)) await rm(join(folder, name));
    if (old !== undefined) await writeFile(file, old);
  }

  /** @returns the last checkpoint that is on disk. */
  async function runUntilCut(
    value: string,
    { cutAt, isBefore }: { readonly cutAt: number; readonly isBefore: boolean },
  ): Promise<JsonValue | undefined> {
    Object.assign(power.state, { cutAt, isBefore, calls: 0, isOff: false });
    const { context } = createRecordingContext({ workDir: folder });
    let saved: JsonValue | undefined;
    const checkpoint = (record: JsonValue) =>
      power.call(async () => {
        saved = record;
      });
    await handler.run({ ...context, checkpoint }, parameters(value)).catch(() => undefined);
    if (cutAt !== Number.POSITIVE_INFINITY) turnOn();
    return saved;
  }

  function attempt(value: string, restored: JsonValue | undefined, part: 'run' | 'cleanup'): Promise<HandlerResult> {
    const { context } = createRecordingContext({ workDir: folder, restored });
    const act = handler[part];
    if (act === undefined) throw new Error(`nothing to ${part}`);
    return act({ ...context, attempt: 2 }, parameters(value));
  }

  /** In place, and both commands have seen it. */
  async function expectNew(value: string, where: string): Promise<void> {
    expect([where, await readFile(file, 'utf8')]).toEqual([where, `key${sign}${value}\n`]);
    expect((await readFile(join(folder, 'seen'), 'utf8')).split('\n')).toEqual(
      expect.arrayContaining([`check key${sign}${value}`, `apply key${sign}${value}`]),
    );
    expect([where, await hidden()]).toEqual([where, old === undefined ? [] : ['.app.conf.previous']]);
    if (old !== undefined) expect(await readFile(join(folder, '.app.conf.previous'), 'utf8')).toBe(old);
  }

  /** What apply was told last, if anything, is the old content. */
  async function expectOld(where: string): Promise<void> {
    expect([where, await readFile(file, 'utf8').catch(() => undefined)]).toEqual([where, old]);
    const seen = await readFile(join(folder, 'seen'), 'utf8').catch(() => '');
    const applied = seen.split('\n').filter((line) => line.startsWith('apply'));
    if (applied.length > 0) expect([where, applied.at(-1)?.trim()]).toEqual([where, `apply ${old ?? ''}`.trim()]);
    expect([where, await hidden()]).toEqual([where, []]);
  }
});

async function hidden(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('.'));
}

function turnOn(): void {
  Object.assign(power.state, { cutAt: Number.POSITIVE_INFINITY, isOff: false });
}
