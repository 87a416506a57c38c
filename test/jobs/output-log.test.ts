import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { createOutputLog, type OutputLog } from '../../agent/jobs/output-log.ts';

let lines: Record<string, unknown>[];
let output: OutputLog;

beforeEach(() => {
  lines = [];
  output = createOutputLog(pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) }));
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

function push(stream: 'stdout' | 'stderr', ...chunks: readonly string[]): void {
  for (const chunk of chunks) output.push(stream, Buffer.from(chunk));
}

function logged(): unknown[] {
  return lines.map(({ line }) => line);
}
