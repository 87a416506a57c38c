/** What the exploration of `test/explore` found in the core, each as the shortest way to it. */
import { describe, expect, test } from 'vitest';
import type { ReviewedStep } from '../../agent/core/state.ts';
import {
  FAILED,
  idOf,
  job,
  notified,
  requestsOf,
  runEnded,
  runningScenario,
  step,
  types,
} from '../fixtures/core-states.ts';

describe('a job that turns out to be over while its run is being stopped', () => {
  const LIMITED = step({ timeoutMs: 1_000 });

  function stoppingScenario(steps: readonly ReviewedStep[], event: 'stepTimeout' | 'shutdown') {
    const scenario = runningScenario({ steps });
    scenario.tell(notified([]));
    const runId = scenario.phase(job('a'));
    if (runId?.name !== 'running') throw new Error('nothing runs');
    const timer = { name: 'stepTimeout', id: idOf('a'), runId: runId.runId } as const;
    scenario.tell(event === 'shutdown' ? { type: 'shutdownRequested', mode: 'stop' } : { type: 'timerFired', timer });
    return scenario;
  }

  test.each(['stepTimeout', 'shutdown'] as const)('is not reported: %s', (event) => {
    const scenario = stoppingScenario([LIMITED], event);
    expect(scenario.reject('check', 'TerminalStateReached')).toMatchObject([
      { type: 'journal', record: { phase: 'stopping', reason: 'canceled' } },
    ]);
    const effects = scenario.tell(runEnded('a', FAILED));
    expect(requestsOf(effects).filter(({ operation }) => operation === 'UpdateJobExecution')).toEqual([]);
    expect(effects).toContainEqual(expect.objectContaining({ record: expect.objectContaining({ phase: 'closed' }) }));
  });

  test('begins no further step, though a time-out would be ignored', () => {
    const scenario = stoppingScenario([{ ...LIMITED, ignoreFailure: true }, step({ name: 'next' })], 'stepTimeout');
    scenario.reject('check', 'TerminalStateReached');
    expect(types(scenario.tell(runEnded('a', FAILED)))).not.toContain('startRun');
  });
});
