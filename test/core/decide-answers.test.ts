/** Answers that come late, twice, out of order, or to nobody; and what each rejection leads to in each phase. */
import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../agent/core/event.ts';
import type { AcceptedAnswer, RejectedErrorCode } from '../../agent/core/jobs-request.ts';
import { initialState, type RequestPurpose } from '../../agent/core/state.ts';
import {
  IDENTITY,
  idOf,
  job,
  NO_PROGRESS,
  runEnded,
  runningScenario,
  runVerdict,
  SETTINGS,
  SUCCEEDED,
  scenarioFrom,
  step,
  types,
} from '../fixtures/core-states.ts';

const ID = idOf('a');

function answersTo(requestId: number): AgentEvent[] {
  const execution = job('b');
  return [
    {
      type: 'requestAccepted',
      requestId,
      answer: { operation: 'StartNextPendingJobExecution', execution },
      verdict: runVerdict(),
    },
    { type: 'requestAccepted', requestId, answer: { operation: 'UpdateJobExecution' } },
    { type: 'requestRejected', requestId, rejection: { code: 'TerminalStateReached', message: '' } },
    { type: 'requestUnanswered', requestId },
  ];
}

describe('an answer changes nothing', () => {
  test.each(answersTo(99))('to a request nobody made: $type', (event) => {
    const scenario = runningScenario();
    const before = scenario.state;
    expect(scenario.tell(event)).toEqual([]);
    expect(scenario.state).toBe(before);
  });

  test.each(answersTo(1))('when it is the second to a request: $type', (event) => {
    const scenario = runningScenario();
    const before = scenario.state;
    expect(scenario.tell(event)).toEqual([]);
    expect(scenario.state).toBe(before);
  });

  const answers: Readonly<Record<RequestPurpose['kind'], AcceptedAnswer>> = {
    claim: { operation: 'UpdateJobExecution' },
    list: { operation: 'StartNextPendingJobExecution', execution: job('b') },
    check: { operation: 'GetPendingJobExecutions', inProgressJobs: [], queuedJobs: [job('b')] },
    take: { operation: 'DescribeJobExecution', execution: job('b') },
    goOn: { operation: 'DescribeJobExecution', execution: job('b') },
    progress: { operation: 'StartNextPendingJobExecution', execution: job('b') },
    report: { operation: 'DescribeJobExecution', execution: job('b') },
  };
  const purposes: RequestPurpose[] = [
    { kind: 'claim', open: [] },
    { kind: 'list' },
    { kind: 'check', id: ID },
    { kind: 'take', id: ID, expectedVersion: 2 },
    { kind: 'goOn', id: ID, expectedVersion: 2 },
    { kind: 'progress', id: ID, expectedVersion: 2 },
    { kind: 'report', id: ID, expectedVersion: 2 },
  ];

  test.each(purposes)('when it is of another operation than asked: $kind', (purpose) => {
    const running = runningScenario().state;
    const scenario = scenarioFrom({ ...running, requests: { 7: purpose } });
    expect(
      scenario.tell({ type: 'requestAccepted', requestId: 7, answer: answers[purpose.kind], verdict: runVerdict() }),
    ).toEqual([]);
    expect(scenario.state.executions).toEqual(running.executions);
  });
});

/** An execution in each phase, with one request under way. */
function inPhase(phase: 'claiming' | 'running' | 'stopping' | 'waiting' | 'reporting', purpose: RequestPurpose) {
  const rerun = [step({ onInterrupted: 'rerun' })];
  const scenario = runningScenario({ steps: rerun });
  if (phase === 'stopping' || phase === 'waiting') scenario.tell({ type: 'shutdownRequested', mode: 'stop' });
  if (phase === 'waiting' || phase === 'reporting') scenario.tell(runEnded('a', SUCCEEDED));
  if (phase === 'claiming') {
    const fresh = scenarioFrom(initialState(IDENTITY, SETTINGS));
    const record = { v: 1, id: ID, key: job('a'), versionNumber: 1, ...NO_PROGRESS, phase: 'claiming' } as const;
    fresh.tell({ type: 'journalRecovered', records: [record] });
    return scenarioFrom({ ...fresh.state, connected: true, requests: { 7: purpose } });
  }
  expect(scenario.phase(job('a'))?.name).toBe(phase);
  return scenarioFrom({ ...scenario.state, requests: { 7: purpose } });
}

const CHECK: RequestPurpose = { kind: 'check', id: ID };
const RETRIED: readonly RejectedErrorCode[] = [
  'InvalidTopic',
  'InvalidJson',
  'InvalidRequest',
  'InvalidStateTransition',
  'VersionMismatch',
  'InternalError',
  'RequestThrottled',
];

describe.each(['claiming', 'running', 'stopping', 'waiting', 'reporting'] as const)(
  'described in phase %s',
  (phase) => {
    test.each(RETRIED)('%s: asked again later, the phase stays', (code) => {
      const scenario = inPhase(phase, CHECK);
      expect(types(scenario.reject('check', code))).toEqual(['setTimer']);
      expect(scenario.phase(job('a'))?.name).toBe(phase);
    });

    test.each(['ResourceNotFound', 'TerminalStateReached'] as const)('%s: it is over', (code) => {
      const scenario = inPhase(phase, CHECK);
      scenario.reject('check', code);
      const after = { running: 'stopping', stopping: 'stopping' }[phase as string];
      expect(scenario.phase(job('a'))?.name).toBe(after);
    });
  },
);

test('what cannot be taken without a plan is left alone', () => {
  const scenario = inPhase('claiming', { kind: 'take', id: ID, expectedVersion: 1 });
  expect(scenario.accept('take')).toEqual([]);
  expect(scenario.phase(job('a'))?.name).toBe('claiming');
});

test('a refused report changes nothing of a job that runs', () => {
  const scenario = inPhase('running', { kind: 'report', id: ID, expectedVersion: 2 });
  expect(types(scenario.reject('report', 'InvalidRequest'))).toEqual(['setTimer']);
  expect(scenario.phase(job('a'))?.name).toBe('running');
});
