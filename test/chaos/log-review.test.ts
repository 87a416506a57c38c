import { expect, test } from 'vitest';
import type { AgentEnd, LogLine } from './agent-start.ts';
import { hasClosedAll, reviewStart } from './log-review.ts';

const KILLED: AgentEnd = { exitCode: null, signal: 'SIGKILL', stderr: '' };

function started(journal: string): LogLine {
  return { level: 'info', msg: 'agent started', journal };
}

function complaints(log: readonly LogLine[], end = KILLED, hadStarted = true): readonly string[] {
  return reviewStart({ log, end, hadStarted }).violations.map(({ kind, what }) => `${kind}: ${what}`);
}

test('a start that was killed on its own journal is well', () => {
  expect(complaints([started('read')])).toEqual([]);
  expect(complaints([started('created')], KILLED, false)).toEqual([]);
  expect(complaints([])).toEqual([]);
});

test.each([
  ['lost', 'journal errors: journal lost'],
  ['created', 'journal errors: journal made anew, though there was one'],
])('a journal %s after an earlier start is an error', (journal, complaint) => {
  expect(complaints([started(journal)])).toEqual([complaint]);
});

test('a journal that is refused is an error, and so is the end', () => {
  const refused: LogLine = { level: 'fatal', msg: 'agent cannot start', code: 'JOURNAL_TOO_NEW' };
  expect(complaints([refused], { exitCode: 74, signal: null, stderr: '' })).toEqual([
    'journal errors: journal refused',
    'crashes: agent ended by itself',
    'crashes: agent logged an error',
  ]);
});

test.each([
  { exitCode: 1, signal: null, stderr: '' },
  { exitCode: null, signal: 'SIGSEGV', stderr: '' },
  { exitCode: 0, signal: null, stderr: 'Warning: something' },
] as const)('an end with %o is a crash', (end) => {
  expect(complaints([started('read')], end)).toEqual(['crashes: agent ended by itself']);
});

test('outcomes are those that the log says were journaled', () => {
  const log: readonly LogLine[] = [
    { level: 'info', msg: 'step started', jobId: 'a', step: 0 },
    { level: 'info', msg: 'job execution ended, reporting', jobId: 'a', status: 'SUCCEEDED' },
    { level: 'warn', msg: 'job execution ended, reporting', jobId: 'b', status: 'FAILED' },
  ];
  const { outcomes } = reviewStart({ log, end: KILLED, hadStarted: true });
  expect(Object.fromEntries(outcomes)).toEqual({ a: 'SUCCEEDED', b: 'FAILED' });
});

test('an execution is open until the agent says that it is closed', () => {
  const line = (jobId: string, msg: string): LogLine => ({ level: 'info', msg, jobId });
  const log = [line('a', 'step started'), line('b', 'job execution ended, reporting')];
  expect(hasClosedAll([...log, line('a', 'job execution closed')])).toBe(false);
  const over = line('b', 'job execution closed: the service says it is over');
  expect(hasClosedAll([...log, over, line('a', 'job execution closed')])).toBe(true);
});
