import { expect, test } from 'vitest';
import { reviewDocument } from '../../agent/jobs/review-document.ts';
import type { Review } from '../../agent/runs/step-runner.ts';
import { createScriptedStepRunner } from '../fakes/scripted-step-runner.ts';

const stepRunner = createScriptedStepRunner({ facts: { onInterrupted: 'resume' } });

const ORDINARY = {
  role: 'work',
  undoes: null,
  retries: null,
  conditional: false,
  exclusive: false,
  verifies: false,
  cleansUp: false,
};

test('a document that can run gives the plan of its steps', async () => {
  const jobDocument = {
    timeoutSeconds: 90,
    steps: [
      { operation: 'copy', parameters: {}, timeoutSeconds: 60 },
      { operation: 'verify', parameters: {} },
    ],
  };
  const { verdict, plan } = await reviewDocument({ jobDocument }, stepRunner);
  expect(verdict).toEqual({
    kind: 'run',
    plan: {
      includeStdOut: false,
      timeoutMs: 90_000,
      steps: [
        { name: 'copy', onInterrupted: 'resume', timeoutMs: 60_000, ignoreFailure: false, ...ORDINARY },
        { name: 'verify', onInterrupted: 'resume', timeoutMs: null, ignoreFailure: false, ...ORDINARY },
      ],
    },
  });
  expect(plan?.steps.map(({ name }) => name)).toEqual(['copy', 'verify']);
});

test('a rollback says what it undoes, and what comes after the work has ten minutes unless it says otherwise', async () => {
  const jobDocument = {
    steps: [{ operation: 'copy', rollback: { operation: 'remove' }, retries: { count: 2, delaySeconds: 5 } }],
    finally: [{ operation: 'tidy', timeoutSeconds: 7, runIf: { os: 'debian' } }],
  };
  const { verdict } = await reviewDocument({ jobDocument }, stepRunner);
  expect(verdict).toMatchObject({
    plan: {
      steps: [
        { name: 'copy', role: 'work', undoes: null, timeoutMs: null, retries: { count: 2, delayMs: 5_000 } },
        { name: 'remove', role: 'rollback', undoes: { index: 0, name: 'copy' }, timeoutMs: 600_000 },
        { name: 'tidy', role: 'finally', undoes: null, timeoutMs: 7_000, conditional: true },
      ],
    },
  });
});

test('a managed template says which output and failures count', async () => {
  const input = { handler: 'copy.sh', args: [], path: 'default' };
  const action = { name: 'copy', type: 'runHandler', input, runAsUser: '', ignoreStepFailure: 'true' };
  const jobDocument = { version: '1.0', includeStdOut: 'true', steps: [{ action }] };
  const { verdict } = await reviewDocument({ jobDocument }, stepRunner);
  expect(verdict).toMatchObject({ plan: { includeStdOut: true, steps: [{ name: 'copy', ignoreFailure: true }] } });
});

test.each([
  ['no document', undefined],
  ['a list', []],
  ['none of the known formats', { hello: 'world' }],
])('what is no job document is rejected: %s', async (_, jobDocument) => {
  const given = jobDocument === undefined ? {} : { jobDocument };
  expect(await reviewDocument(given, stepRunner)).toMatchObject({
    verdict: { kind: 'reject', reasonCode: 'JOB_DOCUMENT_INVALID' },
    plan: null,
  });
});

test('what the handlers refuse is rejected with their reason', async () => {
  expect(await reviewDocument({ jobDocument: { operation: 'refused' } }, stepRunner)).toEqual({
    verdict: {
      kind: 'reject',
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '/operation', reason: 'as the test says' },
    },
    plan: null,
  });
});

test('an operation nobody handles is told apart from a refusal', async () => {
  expect(await reviewDocument({ jobDocument: { operation: 'unknown' } }, stepRunner)).toMatchObject({
    verdict: { kind: 'unknown-operation' },
    plan: null,
  });
});

test('a step that nobody vouches for may not run again', async () => {
  const silent = { review: async (): Promise<Review> => ({ verdict: 'run', steps: [] }) };
  const { verdict } = await reviewDocument({ jobDocument: { operation: 'work' } }, silent);
  expect(verdict).toMatchObject({ plan: { steps: [{ onInterrupted: 'fail', timeoutMs: null }] } });
});
