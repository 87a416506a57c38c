import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { createOutputLog, type OutputLog } from '../../agent/runs/output-log.ts';

let lines: Record<string, unknown>[];
let output: OutputLog;

beforeEach(() => {
  lines = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  output = createOutputLog(log, { hasOwnLevels: false });
});

test('a line cut in two chunks is one line', () => {
  push('stdout', 'on', 'e\ntw', 'o\n');
  expect(logged()).toEqual(['one', 'two']);
});

test('a character cut in two chunks is one character', () => {
  const bytes = Buffer.from('ü\n');
  output.push('stdout', bytes.subarray(0, 1));
  output.push('stdout', bytes.subarray(1));
  expect(logged()).toEqual(['ü']);
});

test('the streams do not mix', () => {
  push('stdout', 'o');
  push('stderr', 'e\n');
  push('stdout', 'ut\n');
  expect(lines).toMatchObject([
    { stream: 'stderr', line: 'e' },
    { stream: 'stdout', line: 'out' },
  ]);
});

test('a last line without an end is logged', () => {
  push('stdout', 'end');
  output.finish();
  expect(logged()).toEqual(['end']);
});

test('a line without end is cut, the next one whole', () => {
  for (let i = 0; i < 100; i++) push('stdout', 'x'.repeat(100));
  push('stdout', '\nnext\n');
  expect(logged()).toEqual(['x'.repeat(1024), 'next']);
});

test('after a thousand lines one says so', () => {
  push('stderr', 'line\n'.repeat(3000));
  push('stderr', 'line\n');
  expect(lines).toHaveLength(1001);
  expect(lines.at(-1)).toMatchObject({ msg: 'more handler output is not logged' });
});

describe('a module', () => {
  beforeEach(() => {
    const log = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) });
    output = createOutputLog(log, { hasOwnLevels: true });
  });

  test('tells its level and its words', () => {
    push('stdout', '{"level":"info","fields":{"url":"https://a.example"},"msg":"downloading"}\n');
    push('stdout', '{"level":"warn","fields":{"bytes":5,"level":"high"},"msg":"slow"}\n');
    expect(lines).toMatchObject([
      { level: 30, msg: 'handler log', handlerMessage: 'downloading', fields: { url: 'https://a.example' } },
      { level: 40, msg: 'handler log', handlerMessage: 'slow', fields: { bytes: 5, level: 'high' } },
    ]);
  });

  test.each([
    'plain text',
    '{"level":"fatal","msg":"no such level"}',
    '{"level":"info","msg":5}',
    '{"level":"info","msg":"a","fields":[]}',
    '{"level":"info"}',
    '["info"]',
    'null',
    '{"level":"info",',
    `{"level":"info","msg":"${'x'.repeat(5000)}"}`,
  ])('that prints %j says nothing above debug', (line) => {
    push('stdout', `${line}\n`);
    expect(lines).toEqual([]);
  });

  test('only stdout is its log', () => {
    push('stderr', '{"level":"warn","msg":"not a log"}\n');
    expect(lines).toEqual([]);
  });

  test('after a hundred lines one says so', () => {
    push('stdout', '{"level":"info","msg":"again"}\n'.repeat(300));
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toMatchObject({ level: 30, msg: 'more of the handler log is left out' });
  });

  test('the names of our own fields stay ours', () => {
    push('stdout', '{"level":"info","msg":"hello","fields":{"jobId":"other","time":1}}\n');
    expect(lines[0]).toMatchObject({ fields: { jobId: 'other', time: 1 } });
    expect(lines[0]).not.toHaveProperty('jobId');
  });
});

test('an executable has no levels', () => {
  push('stdout', '{"level":"warn","msg":"hello"}\n');
  expect(lines).toMatchObject([{ level: 20, msg: 'handler output' }]);
});

function push(stream: 'stdout' | 'stderr', ...chunks: readonly string[]): void {
  for (const chunk of chunks) output.push(stream, Buffer.from(chunk));
}

function logged(): unknown[] {
  return lines.map(({ line }) => line);
}
