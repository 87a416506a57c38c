/** Conditions on this machine as it is: its own files, kernel and dpkg; programs of other systems stand in by their manuals. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, machine, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Condition } from '../../agent/core/condition.ts';
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { JsonObject } from '../../agent/core/json.ts';
import { ConditionError, evaluateCondition } from '../../agent/runs/evaluate-condition.ts';

let folder: string;
let path: string | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'condition-'));
  path = process.env.PATH;
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

function evaluate(runIf: JsonObject, osReleaseFiles?: readonly string[]): Promise<boolean> {
  const facts = { agentVersion: '1.10.2-beta.1', signal: AbortSignal.timeout(30_000) };
  return evaluateCondition(conditionOf(runIf), { ...facts, ...(osReleaseFiles && { osReleaseFiles }) });
}

function conditionOf(runIf: JsonObject): Condition {
  const parsed = parseJobDocument({ operation: 'x', runIf });
  if (!parsed.ok) throw new Error(`${parsed.rejection.pointer}: ${parsed.rejection.reason}`);
  const { runIf: condition } = parsed.plan.steps[0] ?? {};
  if (condition === undefined) throw new Error('no condition');
  return condition;
}

async function osRelease(text: string): Promise<readonly string[]> {
  const file = join(folder, 'os-release');
  await writeFile(file, text);
  return [join(folder, 'nowhere'), file];
}

describe('of the machine', () => {
  test('the architecture by either of its names', async () => {
    expect(await evaluate({ architecture: arch() })).toBe(true);
    expect(await evaluate({ architecture: ['mips', machine()] })).toBe(true);
    expect(await evaluate({ architecture: 'pdp11' })).toBe(false);
  });

  test('the system that runs here', async () => {
    const text = await readFile('/etc/os-release', 'utf8');
    const [, id = ''] = /^ID="?([a-z]+)"?$/m.exec(text) ?? [];
    expect(id).not.toBe('');
    expect(await evaluate({ os: id })).toBe(true);
    expect(await evaluate({ not: { os: id } })).toBe(false);
  });

  test('a system as its os-release has it', async () => {
    const files = await osRelease('NAME="Some OS"\n# ID=no\nID=\'Raspbian\'\nVERSION_ID="12.4"\n');
    expect(await evaluate({ os: ['debian', 'raspbian'] }, files)).toBe(true);
    expect(await evaluate({ os: 'debian' }, files)).toBe(false);
    expect(await evaluate({ osVersion: '>= 12, < 12.10' }, files)).toBe(true);
    expect(await evaluate({ osVersion: '> 12.4' }, files)).toBe(false);
    expect(await evaluate({ os: 'linux' }, await osRelease('NAME=x\n'))).toBe(true);
  });

  test.each([
    ['ID=x\n', /^osVersion >= 1: os-release has no VERSION_ID$/],
    ['VERSION_ID=rolling\n', /^osVersion >= 1: "rolling" does not begin with a number$/],
  ])('a version that there is not cannot be told: %j', async (text, message) => {
    await expect(evaluate({ osVersion: '>= 1' }, await osRelease(text))).rejects.toThrow(message);
    await expect(evaluate({ os: 'x' }, [join(folder, 'a'), join(folder, 'b')])).rejects.toThrow(
      /there is no .*a and no /,
    );
    await expect(evaluate({ os: 'x' }, [folder])).rejects.toThrow(ConditionError);
  });

  test('the kernel and the agent by their numbers', async () => {
    const [major = ''] = release().split('.');
    expect(await evaluate({ kernelVersion: `>= ${major}` })).toBe(true);
    expect(await evaluate({ kernelVersion: `< ${major}` })).toBe(false);
    const facts: [string, boolean][] = [
      ['1.10.2', true],
      ['= 1.10', false],
      ['!= 1.9', true],
      ['!= 1.10.2.0', false],
      ['> 1.9.9', true],
      ['> 1.10.2', false],
      ['<= 1.10.2', true],
      ['<= 1.10.1', false],
      ['>= 1.10.3', false],
      ['< 2', true],
    ];
    for (const [wanted, holds] of facts) expect(await evaluate({ agentVersion: wanted }), wanted).toBe(holds);
  });

  test('files and space', async () => {
    await writeFile(join(folder, 'file'), '');
    expect(await evaluate({ fileExists: join(folder, 'file') })).toBe(true);
    expect(await evaluate({ fileExists: join(folder, 'none') })).toBe(false);
    expect(await evaluate({ fileExists: join(folder, 'file', 'below') })).toBe(false);
    await expect(evaluate({ fileExists: `/${'a'.repeat(300)}` })).rejects.toThrow(/^file ".*": ENAMETOOLONG/);
    expect(await evaluate({ freeSpace: { path: folder, bytes: 1 } })).toBe(true);
    expect(await evaluate({ freeSpace: { path: folder, bytes: Number.MAX_SAFE_INTEGER } })).toBe(false);
    const none = { freeSpace: { path: join(folder, 'none'), bytes: 1 } };
    await expect(evaluate(none)).rejects.toThrow(/^1 bytes free at ".*": ENOENT/);
  });

  test('all, any and not look no further than they have to', async () => {
    const unknown = { freeSpace: { path: join(folder, 'none'), bytes: 1 } };
    const no = { os: 'none' };
    expect(await evaluate({ all: [no, unknown] })).toBe(false);
    expect(await evaluate({ any: [{ not: no }, unknown] })).toBe(true);
    expect(await evaluate({ any: [no, no] })).toBe(false);
    await expect(evaluate({ any: [no, unknown] })).rejects.toThrow(ConditionError);
    await expect(evaluate({ not: unknown })).rejects.toThrow(ConditionError);
  });
});

describe('of packages, by the real dpkg', () => {
  test('one that is installed, and one that is not', async () => {
    expect(await evaluate({ package: { name: 'dpkg' } })).toBe(true);
    expect(await evaluate({ package: { name: 'no-such-package-here' } })).toBe(false);
  });

  test('versions as Debian compares them', async () => {
    const facts: [string, boolean][] = [
      ['> 0', true],
      ['>= 1.15', true],
      ['< 1:0', true], // an epoch is newer than any version without
      ['> 999', false],
      ['!= 1', true],
      ['= 1', false],
      ['>= 1, < 999', true],
      ['<= 0~', false],
    ];
    for (const [version, holds] of facts)
      expect(await evaluate({ package: { name: 'dpkg', version } }), version).toBe(holds);
  });

  test('a query that fails is never taken for yes or no', async () => {
    await program('dpkg-query', 'echo "database is damaged" >&2; exit 2');
    const message = 'package dpkg: dpkg-query ended with exit code 2: database is damaged';
    await expect(evaluate({ package: { name: 'dpkg' } })).rejects.toThrow(message);
    await expect(evaluate({ not: { package: { name: 'dpkg' } } })).rejects.toThrow(ConditionError);
    await program('dpkg-query', 'kill -9 $$');
    await expect(evaluate({ package: { name: 'dpkg' } })).rejects.toThrow(/dpkg-query was ended by SIGKILL/);
  });

  test('one that is not wholly installed is not', async () => {
    await program('dpkg-query', 'echo "half-configured 1.0"');
    expect(await evaluate({ package: { name: 'x' } })).toBe(false);
  });

  test('a comparison that fails is an error', async () => {
    await program('dpkg-query', 'echo "installed 1.0"');
    await program('dpkg', 'echo "dpkg: error: bad version" >&2; exit 2');
    await expect(evaluate({ package: { name: 'x', version: '1' } })).rejects.toThrow(/^package x = 1: dpkg ended with/);
    await program('dpkg-query', `echo "installed 1.0'"`);
    await expect(evaluate({ package: { name: 'x', version: '1' } })).rejects.toThrow(/is odd$/);
  });
});

/** Answers as their manuals have them; only the argument lists are tested. */
describe('of packages, by programs of other systems', () => {
  const only = () => {
    process.env.PATH = folder;
  };

  test('opkg', async () => {
    await program('opkg', '[ "$1" = compare-versions ] && exit 1\necho "ab - 9\nabc - 1.2-r3"');
    only();
    expect(await evaluate({ package: { name: 'abc', version: '> 1.0' } })).toBe(false);
    expect(await evaluate({ package: { name: 'abc', version: '!= 1.0' } })).toBe(true);
    expect(await evaluate({ package: { name: 'a' } })).toBe(false);
    const [query, compare, , same] = await calls();
    expect([query, compare, same]).toEqual([
      'list-installed abc',
      'compare-versions 1.2-r3 >> 1.0',
      'compare-versions 1.2-r3 = 1.0',
    ]);
    await program('opkg', 'exit 255');
    await expect(evaluate({ package: { name: 'abc' } })).rejects.toThrow(/opkg ended with exit code 255$/);
  });

  test('rpm', async () => {
    await program('rpm', '[ "$1" = --eval ] && echo 1 || echo 1.2-3.el9');
    only();
    expect(await evaluate({ package: { name: 'abc', version: '> 1.0' } })).toBe(true);
    expect(await evaluate({ package: { name: 'abc', version: '= 1.2-3' } })).toBe(false);
    expect(await calls()).toEqual([
      '--query --queryformat=%{VERSION}-%{RELEASE}\\n abc',
      "--eval %{lua:print(rpm.vercmp('1.2','1.0'))}",
      '--query --queryformat=%{VERSION}-%{RELEASE}\\n abc',
      "--eval %{lua:print(rpm.vercmp('1.2-3.el9','1.2-3'))}",
    ]);
    await program('rpm', 'echo "package abc is not installed"; exit 1');
    expect(await evaluate({ package: { name: 'abc' } })).toBe(false);
    await program('rpm', 'echo "error: cannot open Packages database" >&2; exit 1');
    await expect(evaluate({ package: { name: 'abc' } })).rejects.toThrow(
      /rpm ended with exit code 1: error: cannot open/,
    );
    await program('rpm', '[ "$1" = --eval ] && exit 1; echo 1.2-3');
    await expect(evaluate({ package: { name: 'abc', version: '1' } })).rejects.toThrow(/rpm ended with exit code 1/);
  });

  test('apk', async () => {
    await program('apk', '[ "$1" = version ] && echo "<" || echo "abc-doc-7\nabc-1.2-r0"');
    only();
    expect(await evaluate({ package: { name: 'abc', version: '< 2.0' } })).toBe(true);
    expect(await evaluate({ package: { name: 'abc', version: '!= 2.0' } })).toBe(true);
    expect(await evaluate({ package: { name: 'abc', version: '>= 2.0' } })).toBe(false);
    expect((await calls()).slice(0, 2)).toEqual(['info --installed --verbose abc', 'version --test 1.2-r0 2.0']);
    await program('apk', 'exit 1');
    expect(await evaluate({ package: { name: 'abc' } })).toBe(false);
    await program('apk', 'echo "ERROR: Unable to read database" >&2; exit 99');
    await expect(evaluate({ package: { name: 'abc' } })).rejects.toThrow(/Unable to read database$/);
  });

  test('none at all', async () => {
    only();
    await expect(evaluate({ package: { name: 'abc' } })).rejects.toThrow('there is no dpkg-query, opkg, rpm or apk');
    await program('dpkg-query', 'echo "installed 1.0"');
    await expect(evaluate({ package: { name: 'x', version: '1' } })).rejects.toThrow('there is no dpkg');
  });
});

/** In front of what this machine has. */
async function program(name: string, script: string): Promise<void> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder}/calls'\n${script}\n`);
  await chmod(file, 0o755);
  if (!process.env.PATH?.startsWith(folder)) process.env.PATH = `${folder}:${path}`;
}

async function calls(): Promise<readonly string[]> {
  return (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
}
