import { describe, expect, test } from 'vitest';
import type { ProcessEnd, ProcessOutput } from '../../agent/ports/process-runner.ts';
import { type ExitRules, resultOfModule, resultOfProcess } from '../../agent/runs/run-result.ts';

const OUTPUT: ProcessOutput = { stdoutTail: 'out', stderrTail: 'err', stdoutBytes: 3, stderrBytes: 3, stderrLines: 1 };
const exited = (exitCode: number, more: Partial<ProcessOutput> = {}): ProcessEnd => ({
  kind: 'exited',
  exitCode,
  ...OUTPUT,
  ...more,
});
const signaled = (signal: string): ProcessEnd => ({ kind: 'signaled', signal, ...OUTPUT });
const MEANINGS = { exitCodes: { succeeded: [0, 3], retry: [75], reboot: [194], rejected: [65] } };
const ended = (end: ProcessEnd) => ({ name: 'tool', end, details: { percent: '5' } });

describe('a process', () => {
  test('keeps details and tails whatever the end', () => {
    const told = { details: { percent: '5' }, stdoutTail: 'out', stderrTail: 'err' };
    for (const end of [exited(0), exited(1), signaled('SIGSEGV')])
      expect(resultOfProcess(ended(end))).toMatchObject(told);
  });

  const rows: [string, ProcessEnd, ExitRules, string, string][] = [
    ['exit code 1', exited(1), {}, 'HANDLER_EXIT_CODE', 'tool ended with exit code 1'],
    ['exit code 75', exited(75), {}, 'HANDLER_EXIT_CODE', 'tool ended with exit code 75'],
    ['exit code 194', exited(194), {}, 'HANDLER_EXIT_CODE', 'tool ended with exit code 194'],
    [
      'an exit code with stderr allowed',
      exited(1),
      { allowStdErr: 5 },
      'HANDLER_EXIT_CODE',
      'tool ended with exit code 1',
    ],
    ['a signal', signaled('SIGKILL'), MEANINGS, 'HANDLER_SIGNALED', 'tool was killed by SIGKILL'],
    [
      'one line too many',
      exited(0),
      { allowStdErr: 0 },
      'HANDLER_STDERR',
      'tool wrote 1 lines to stderr, and the document allows 0',
    ],
  ];
  test.each(rows)('%s fails', (_, end, rules, reasonCode, message) => {
    expect(resultOfProcess(ended(end), rules)).toMatchObject({ status: 'failed', reasonCode, message });
  });

  test.each([undefined, 1, 2])('exit code 0 with %s lines allowed succeeds', (allowStdErr) => {
    const rules = allowStdErr === undefined ? {} : { allowStdErr };
    expect(resultOfProcess(ended(exited(0)), rules).status).toBe('succeeded');
  });

  test('an exit code that asks for later says why', () => {
    expect(resultOfProcess(ended(exited(75, { stderrTail: 'busy\nthe lock is held\n\n' })), MEANINGS)).toEqual({
      status: 'later',
      afterMs: null,
      message: 'tool ended with exit code 75: the lock is held',
      details: { percent: '5' },
      stdoutTail: 'out',
      stderrTail: 'busy\nthe lock is held\n\n',
    });
    const silent = resultOfProcess(ended(exited(75, { stderrTail: ' \n' })), MEANINGS);
    expect(silent).toHaveProperty('message', 'tool ended with exit code 75');
  });

  test('an exit code can ask for a restart', () => {
    const result = resultOfProcess(ended(exited(194)), { ...MEANINGS, allowStdErr: 0 });
    expect(result).toEqual({
      status: 'reboot',
      how: 'restart',
      details: { percent: '5' },
      stdoutTail: 'out',
      stderrTail: 'err',
    });
  });

  test('other exit codes are a success, or refuse the job, where they were declared to', () => {
    expect(resultOfProcess(ended(exited(3)), MEANINGS).status).toBe('succeeded');
    expect(resultOfProcess(ended(exited(65, { stderrTail: 'no such modem\n' })), MEANINGS)).toMatchObject({
      status: 'rejected',
      reasonCode: 'HANDLER_REFUSED',
      message: 'tool ended with exit code 65: no such modem',
    });
  });

  test('exit code 0 is a success whatever was declared', () => {
    expect(
      resultOfProcess(ended(exited(0)), { exitCodes: { succeeded: [], retry: [0], reboot: [0], rejected: [0] } })
        .status,
    ).toBe('succeeded');
  });

  test.each([
    ['EACCES', 'HANDLER_NOT_EXECUTABLE'],
    ['ENOEXEC', 'HANDLER_NOT_EXECUTABLE'],
    ['ENOENT', 'HANDLER_NOT_STARTED'],
    ['EAGAIN', 'HANDLER_NOT_STARTED'],
  ])('never started for %s is %s', (code, reasonCode) => {
    const end: ProcessEnd = { kind: 'not-started', code, message: 'because' };
    const message = `tool could not be started (${code}): because`;
    expect(resultOfProcess(ended(end))).toMatchObject({ status: 'failed', reasonCode, message });
    expect(resultOfModule(ended(end), undefined)).toMatchObject({ status: 'failed', reasonCode, message });
  });

  test('a very long name is shortened', () => {
    const result = resultOfProcess({ ...ended(exited(1)), name: 'x'.repeat(10_000) });
    expect('message' in result && result.message.length).toBeLessThan(200);
  });
});

describe('a module', () => {
  test('the result counts, not the exit code', () => {
    const result = resultOfModule(ended(exited(1)), '{"kind":"succeeded","details":{"bytes":7}}');
    expect(result).toMatchObject({ status: 'succeeded', details: { percent: '5', bytes: '7' } });
  });

  test('its last details win over its progress', () => {
    const result = resultOfModule(ended(exited(0)), '{"kind":"succeeded","details":{"percent":100}}');
    expect(result.details).toEqual({ percent: '100' });
  });

  test('a result written before a signal counts', () => {
    const text = '{"kind":"failed","reasonCode":"A","message":"b","details":{}}';
    expect(resultOfModule(ended(signaled('SIGTERM')), text)).toMatchObject({ reasonCode: 'A', message: 'b' });
  });

  test.each([
    [
      '{"kind":"reboot","details":{"slot":"b"}}',
      { status: 'reboot', how: 'restart', details: { percent: '5', slot: 'b' } },
    ],
    ['{"kind":"power-off","details":{}}', { status: 'reboot', how: 'power-off', details: { percent: '5' } }],
    ['{"kind":"retry","message":"held","details":{}}', { status: 'later', afterMs: null, message: 'held' }],
    ['{"kind":"retry","message":"held","afterSeconds":90}', { status: 'later', afterMs: 90_000 }],
    ['{"kind":"retry","message":"held","afterSeconds":"90"}', { status: 'later', afterMs: null }],
    ['{"kind":"retry","message":"held","afterSeconds":1e999}', { status: 'later', afterMs: null }],
  ])('%s is taken as told', (text, result) => {
    expect(resultOfModule(ended(exited(1)), text)).toMatchObject(result);
  });

  test.each([
    undefined,
    '{"kind":"retry"}',
    '',
    '{',
    'null',
    '[]',
    '"succeeded"',
    '{"kind":"great"}',
    '{"kind":"failed"}',
    '{"kind":"failed","reasonCode":1,"message":"b"}',
    '{"kind":"rejected","reasonCode":"A"}',
    '{"__proto__":{"kind":"succeeded"}}',
  ])('%j is no result', (text) => {
    expect(resultOfModule(ended(exited(0)), text)).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_NO_RESULT' });
    expect(resultOfModule(ended(signaled('SIGKILL')), text)).toMatchObject({ reasonCode: 'HANDLER_SIGNALED' });
  });

  test('details of other types are left out', () => {
    const text = '{"kind":"succeeded","details":{"a":{},"b":null,"c":[1],"d":true,"e":"x"}}';
    expect(resultOfModule(ended(exited(0)), text).details).toEqual({ percent: '5', e: 'x' });
  });
});
