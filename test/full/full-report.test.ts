import { describe, expect, test } from 'vitest';
import { parseFullArguments } from './arguments.ts';
import { isWell, summaryMarkdown, summaryText, withReport } from './full-report.ts';
import { commandOf, FULL_RUNS, type FullRun } from './full-runs.ts';
import { readOutput } from './read-output.ts';
import { type CheckRun, runCheck } from './run-check.ts';

const RUN: FullRun = {
  name: 'power',
  about: 'power cuts',
  npm: ['run', '--silent', 'test:power', '--', '--states', '6'],
};
const CHECK: CheckRun = { exitCode: 0, seconds: 12.4, output: 'WARNING: no root\nCuts\na  b\n-  -\n1  2\n' };
const HERE = { date: '2026-01-02', commit: 'abc', node: '20.19.0', system: 'Linux 6.1', processors: 2 };

describe('the command line', () => {
  const namesOf = (...argv: string[]) => parseFullArguments(argv).runs.map(({ name }) => name);

  test('without names everything runs', () => {
    expect(namesOf()).toEqual(FULL_RUNS.map(({ name }) => name));
  });

  test('names choose and leave out, in the order of the list', () => {
    expect(namesOf('--only', 'power,explore')).toEqual(['explore', 'power']);
    expect(namesOf('--skip', 'soak,container')).not.toEqual(expect.arrayContaining(['soak', 'container']));
    expect(parseFullArguments(['--report', 'a.md']).reportFile).toBe('a.md');
  });

  test.each([
    [['--only', 'powr'], /--only: there is no powr; known are .*power/],
    [['--only', 'soak', '--skip', 'soak'], /nothing is left/],
    [['--fast'], /--fast/],
  ])('%j is refused', (argv, message) => {
    expect(() => parseFullArguments(argv)).toThrow(message);
  });

  test('a command reads as one would type it', () => {
    expect(commandOf({ ...RUN, env: { A: 'b' } })).toBe('A=b npm run test:power -- --states 6');
  });
});

describe('the output of a check', () => {
  test('its tables are kept with the line before them', () => {
    const output =
      'noise\n\nFirst, 2 s\n\u001b[1ma   b\u001b[0m\n--  --\n1   2\nmore noise\nSecond\n  x    1\n  y    2\nend\n';
    expect(readOutput(output)).toEqual({
      tables: 'First, 2 s\na   b\n--  --\n1   2\n\nSecond\n  x    1\n  y    2',
      lastLine: 'end',
      warnings: [],
    });
  });

  test('facts and lines with two spaces are no tables', () => {
    const facts = 'ok    one\nok    two\nFAIL  three\n ✓ file  1ms\n   ✓ four  2ms\n   × five  3ms\n';
    expect(readOutput(`${facts}one  line\nend`).tables).toBe('');
  });

  test('warnings are kept in both spellings', () => {
    expect(readOutput('WARNING: a\nWARNING container: b\n').warnings).toEqual(['a', 'container: b']);
  });

  test('of a thousand rows the last are kept', () => {
    const rows = Array.from({ length: 1000 }, (_, row) => `row  ${row}`);
    expect(readOutput(rows.join('\n')).tables.split('\n')).toEqual(rows.slice(-80));
  });
});

describe('a check', () => {
  const check = (script: string) => {
    const printed: Uint8Array[] = [];
    const command = ['sh', '-c', script] as const;
    const { ended, stop } = runCheck({ argv: command, env: process.env, print: (chunk) => printed.push(chunk) });
    return { ended, stop, printed: () => Buffer.concat(printed).toString() };
  };

  test('is passed through and kept', async () => {
    const { ended, printed } = check('echo out; echo err >&2; exit 3');
    const { exitCode, output, seconds } = await ended;
    expect([exitCode, [...output.trim().split('\n')].sort()]).toEqual([3, ['err', 'out']]);
    expect(printed()).toBe(output);
    expect(seconds).toBeGreaterThan(0);
  });

  test('that is stopped or killed has not passed', async () => {
    const { ended, stop } = check('exec sleep 300');
    stop();
    expect((await ended).exitCode).toBe(128);
  });

  test('that cannot be started has not passed', async () => {
    const { ended } = runCheck({ argv: ['/no/such/program'], env: {}, print: () => undefined });
    expect(await ended).toMatchObject({ exitCode: 127, output: expect.stringContaining('ENOENT') });
  });

  test('that prints much is kept by its end', async () => {
    const { output } = await check('seq 500000; echo the end').ended;
    expect(output.length).toBeLessThan(1_100_000);
    expect(output).toMatch(/500000\nthe end\n$/);
  });
});

describe('the summary', () => {
  const passed = { run: RUN, check: CHECK };
  const failed = { run: { ...RUN, name: 'disk' }, check: { ...CHECK, exitCode: 1 } };
  const skipped = { run: { ...RUN, name: 'soak' }, check: undefined };

  test('is well when each has run and passed', () => {
    expect([[passed], [passed, failed], [passed, skipped]].map(isWell)).toEqual([true, false, false]);
  });

  test('says of each how it ended, and what was not checked', () => {
    const lines = summaryText([passed, failed, skipped]).split('\n');
    expect(lines.slice(2)).toEqual([
      expect.stringMatching(/^power +passed +12 +1 +1 {2}2$/),
      expect.stringMatching(/^disk +FAILED \(1\)/),
      expect.stringMatching(/^soak +not run +0/),
      'WARNING power: no root',
      'WARNING disk: no root',
    ]);
  });

  test('goes between the marks of a page, or stands alone', () => {
    const block = summaryMarkdown([passed], HERE);
    expect(block).toContain('| power cuts | `npm run test:power -- --states 6` | passed | 12 |\n');
    expect(block).toContain('```text\nCuts\na  b\n-  -\n1  2\nWARNING no root\n```');
    const page = 'before\n<!-- full:start -->\nobsolete\n<!-- full:end -->\nafter\n';
    expect(withReport(page, block)).toBe(`before\n<!-- full:start -->\n\n${block}\n<!-- full:end -->\nafter\n`);
    expect(withReport('no marks', block)).toBe(block);
  });
});
