import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger, executionLogger } from '../../agent/log.ts';
import { createAgentLog } from '../../agent/runs/agent-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openLog() {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => lines.push(line) } });
  const messages = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  return { log, agentLog: createAgentLog(log), lines, messages };
}

describe('the lines that are really written', () => {
  test('follow the level, of loggers as well that were made before', () => {
    const { log, agentLog, messages } = openLog();
    const job = executionLogger(log, { jobId: 'job-1', executionNumber: 1 });
    const step = job.child({ step: 0 });
    step.debug({}, 'before');
    agentLog.setLevel('debug');
    step.debug({}, 'of a step that runs already');
    job.debug({}, 'of its job');
    log.debug({}, 'of the agent');
    step.trace({}, 'more than was asked for');
    agentLog.setLevel('error');
    step.warn({}, 'too much now');
    job.child({ step: 1 }).error({}, 'an error');
    expect(messages()).toEqual([
      'log level changed',
      'of a step that runs already',
      'of its job',
      'of the agent',
      'log level changed',
      'an error',
    ]);
    expect(step.isLevelEnabled('warn')).toBe(false);
  });

  test('say what the level was and is', () => {
    const { agentLog, lines } = openLog();
    agentLog.setLevel('debug', 60);
    vi.advanceTimersByTime(60_000);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', oldLevel: 'info', newLevel: 'debug', forSeconds: 60, backTo: 'info' },
      { level: 'info', oldLevel: 'debug', newLevel: 'info' },
    ]);
  });
});

describe('a level for a time', () => {
  test('goes back by itself, and not earlier', () => {
    const { agentLog } = openLog();
    expect(agentLog.setLevel('debug', 60)).toBe('info');
    vi.advanceTimersByTime(59_999);
    expect(agentLog.level).toBe('debug');
    vi.advanceTimersByTime(1);
    expect(agentLog.level).toBe('info');
  });

  test('begins anew when it is set again, and still goes back', () => {
    const { agentLog } = openLog();
    agentLog.setLevel('debug', 60);
    vi.advanceTimersByTime(50_000);
    expect(agentLog.setLevel('trace', 60)).toBe('info');
    vi.advanceTimersByTime(59_999);
    expect(agentLog.level).toBe('trace');
    vi.advanceTimersByTime(1);
    expect(agentLog.level).toBe('info');
    vi.advanceTimersByTime(600_000);
    expect(agentLog.level).toBe('info');
  });

  test('is over when one without a time is set, which is what the next goes back to', () => {
    const { agentLog } = openLog();
    agentLog.setLevel('debug', 60);
    agentLog.setLevel('warn');
    vi.advanceTimersByTime(60_000);
    expect(agentLog.level).toBe('warn');
    expect(agentLog.setLevel('trace', 1)).toBe('warn');
    vi.advanceTimersByTime(1000);
    expect(agentLog.level).toBe('warn');
    expect(agentLog.configuredLevel).toBe('info');
  });
});
