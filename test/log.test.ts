import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { MAX_LINE_LENGTH, MAX_TEXT_LENGTH, safeLine } from '../agent/log/safe-line.ts';
import { createLogger, executionLogger, type LoggerOptions } from '../agent/log.ts';

const CANARY = 'c4n4ry';
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
const SIGNED = `https://bucket.s3.amazonaws.com/fw.bin?X-Amz-Signature=${CANARY}`;

function logTo(lines: string[], options: Partial<LoggerOptions> = {}) {
  return createLogger({ level: 'info', pretty: false, destination: { write: (line) => lines.push(line) }, ...options });
}

function fieldsOf(lines: readonly string[]): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('lines', () => {
  test('a line is JSON with level, time, fields and message', () => {
    const lines: string[] = [];
    logTo(lines).warn({ attempt: 2 }, 'connection lost');
    expect(fieldsOf(lines)).toEqual([
      { level: 'warn', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), attempt: 2, msg: 'connection lost' },
    ]);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
  });

  test('lines below the level are not written', () => {
    const lines: string[] = [];
    const log = logTo(lines, { level: 'warn' });
    log.info({}, 'not this');
    log.error({}, 'this');
    expect(fieldsOf(lines).map(({ msg }) => msg)).toEqual(['this']);
  });

  test('every line about an execution names it', () => {
    const lines: string[] = [];
    const log = executionLogger(logTo(lines), { jobId: 'job-1', executionNumber: 2, operation: 'reboot' });
    log.info({}, 'one');
    log.child({ step: 0 }).info({}, 'two');
    for (const fields of fieldsOf(lines)) {
      expect(fields).toMatchObject({ jobId: 'job-1', executionNumber: 2, operation: 'reboot' });
    }
  });

  test('an execution without a known operation has no such field', () => {
    const lines: string[] = [];
    executionLogger(logTo(lines), { jobId: 'job-1', executionNumber: 1 }).info({}, 'claimed');
    expect(fieldsOf(lines)[0]).not.toHaveProperty('operation');
  });
});

describe('secrets', () => {
  const cause = new Error(`GET ${SIGNED}: 403`);
  const cases: Record<string, (log: ReturnType<typeof logTo>) => void> = {
    'a field': (log) => log.info({ url: SIGNED }, 'downloading'),
    'a nested field': (log) => log.info({ files: [{ source: { url: SIGNED } }] }, 'downloading'),
    'the message': (log) => log.info({}, SIGNED),
    'a binding of a child': (log) => log.child({ url: SIGNED }).info({}, 'downloading'),
    'a field name': (log) => log.info({ [SIGNED]: 1 }, 'downloading'),
    'an error': (log) => log.error({ err: new Error(SIGNED) }, 'download failed'),
    'a cause of an error': (log) => log.error({ err: new Error('no download', { cause }) }, 'download failed'),
    'a property of an error': (log) => log.error({ err: Object.assign(new Error('no'), { url: SIGNED }) }, 'failed'),
    'an error instead of fields': (log) => log.error(cause),
    'a private key': (log) => log.info({ text: `-----BEGIN PRIVATE KEY-----\n${CANARY}` }, 'read'),
    'a field named for a key': (log) => log.info({ options: { keyPem: CANARY } }, 'connecting'),
    'a header': (log) => log.info({ headers: { Authorization: `Bearer ${CANARY}` } }, 'request'),
    'a job document': (log) => log.info({ jobDocument: { password: CANARY } }, 'parsed'),
    'an environment': (log) => log.info({ env: { SECRET: CANARY } }, 'spawned'),
  };

  for (const [place, write] of Object.entries(cases)) {
    for (const pretty of [false, true]) {
      test(`a secret in ${place} is not written${pretty ? ' as text' : ''}`, () => {
        const lines: string[] = [];
        write(logTo(lines, { pretty }));
        expect(lines).toHaveLength(1);
        expect(lines.join('')).not.toContain(CANARY);
      });
    }
  }

  test('an error keeps its message and stack otherwise', () => {
    const lines: string[] = [];
    logTo(lines).error({ err: cause }, 'download failed');
    const [{ err } = {}] = fieldsOf(lines);
    expect(err).toMatchObject({ type: 'Error', message: 'GET https://bucket.s3.amazonaws.com/fw.bin?… 403' });
    expect(err).toHaveProperty('stack', expect.stringContaining('log.test.ts'));
  });
});

describe('ceilings', () => {
  test('a long text is cut and says so', () => {
    const lines: string[] = [];
    logTo(lines).info({ text: 'x'.repeat(5000) }, 'm'.repeat(5000));
    const [fields] = fieldsOf(lines);
    expect(fields?.text).toBe(`${'x'.repeat(MAX_TEXT_LENGTH - 1)}…`);
    expect(String(fields?.msg)).toHaveLength(MAX_TEXT_LENGTH);
  });

  test('a secret across the cut is gone before it', () => {
    const url = `https://host/${'p'.repeat(MAX_TEXT_LENGTH - 40)}?X-Amz-Signature=${CANARY}`;
    expect(safeLine(JSON.stringify({ url }))).not.toContain(CANARY.slice(0, 2));
  });

  test('a long line keeps what identifies it', () => {
    const lines: string[] = [];
    const log = executionLogger(logTo(lines), { jobId: 'job-1', executionNumber: 1 });
    log.info({ list: Array.from({ length: 100 }, () => 'y'.repeat(1000)) }, 'listed');
    expect(fieldsOf(lines)).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        jobId: 'job-1',
        executionNumber: 1,
        msg: 'listed',
        droppedLength: expect.any(Number),
      },
    ]);
    expect(lines.join('').length).toBeLessThan(MAX_LINE_LENGTH);
  });

  test('what is nested too deep is left out', () => {
    let value: unknown = CANARY;
    for (let depth = 0; depth < 3000; depth++) value = [value];
    const lines: string[] = [];
    logTo(lines).info({ value }, 'deep');
    expect(lines.join('')).not.toContain(CANARY);
  });

  test('a line that is not JSON becomes one that is', () => {
    expect(JSON.parse(safeLine(`{"a": ${CANARY}`))).toMatchObject({ level: 'error', droppedLength: 12 });
  });
});

describe('text for a terminal', () => {
  test('a job cannot send escape sequences to it', () => {
    const lines: string[] = [];
    logTo(lines, { pretty: true }).info({ output: '\u001b[2J\u009b\u202e' }, 'ended\u0007');
    const text = lines.join('').replaceAll(COLOUR, ''); // the colours are ours
    expect(text).toContain('\\u001b[2J');
    expect(text).not.toMatch(/[^\P{C}\n]/u);
  });

  test('message and fields stand on one line', () => {
    const lines: string[] = [];
    logTo(lines, { pretty: true }).info({ attempt: 2 }, 'connected');
    expect(lines.join('')).toMatch(/connected.*"attempt":2.*\n$/);
  });
});

test('the last line before an exit reaches stdout', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  try {
    const program = join(folder, 'program.mjs');
    await build({
      stdin: {
        contents: `import { createLogger } from './agent/log.ts';
          createLogger({ level: 'info', pretty: false }).error({ code: 'X' }, 'last words');
          process.exit(3);`,
        resolveDir: process.cwd(),
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    expect(await once(child, 'close')).toEqual([3, null]);
    expect(JSON.parse(output)).toMatchObject({ level: 'error', code: 'X', msg: 'last words' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
