/** `npm run test:aws`, with a local cloud posing as the account. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../fixtures/job-cloud.ts';
import type { Environment } from './account-settings.ts';
import { anywhere, type CaseGroup } from './case.ts';
import { START_NEXT } from './cases/start-next.ts';
import { expectEqual, expectLike } from './expectation.ts';
import { runOnAccount } from './run-on-account.ts';

describe('without an account', () => {
  test.each([
    [{}, /^npm run test:aws needs an account of AWS: set AWS_REGION and AWS_IOT_ENDPOINT \(/],
    [{ AWS_REGION: 'eu-west-1' }, /set AWS_IOT_ENDPOINT \(/],
    [{ AWS_REGION: 'eu-west-1', AWS_IOT_ENDPOINT: 'host:x' }, /HOST:PORT was expected, 'host:x' came\.$/],
  ])('%j is one sentence and exit code 2', async (env: Environment, sentence) => {
    const { code, printed } = await runWith(env, []);
    expect(code).toBe(2);
    expect(printed).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('on an account', () => {
  test('what is as expected is told, and everything that was made is removed', async () => {
    const cloud = await startTestCloud({ things: [] });
    const { code, printed } = await runWith(envOf(cloud), [{ file: 'start-next', cases: START_NEXT }]);
    const told = START_NEXT.map(({ title, onAws }) => `${onAws ? 'same   ' : 'not run'}  start-next: ${title}`);
    for (const line of told) expect(printed.join('\n')).toContain(line);
    expect(printed.at(-1)).toBe(`${START_NEXT.length - 1} the same, 0 differ, 0 failed, 1 not run`);
    expect(code).toBe(0);
    await expectNothingLeft(cloud);
  });

  test('what differs is in a table, and everything that was made is removed', async () => {
    const cloud = await startTestCloud({ things: [] });
    const { code, printed } = await runWith(envOf(cloud), [WRONG]);
    expect(code).toBe(1);
    expect(printed.join('\n')).toMatch(
      /^file {3}case {2,}what {2,}expected {2,}came\n[ -]+\nwrong {2}a queued job is REJECTED {2,}the execution, status {2,}\{ status: 'REJECTED' \} {2,}\{ jobId: .*status: 'QUEUED'/m,
    );
    expect(printed.join('\n')).toMatch(
      /^wrong {2}a case that breaks {2,}the case itself {2,}no error {2,}Error: broken$/m,
    );
    expect(printed.at(-1)).toBe('0 the same, 2 differ, 1 failed, 0 not run');
    await expectNothingLeft(cloud);
  });

  test('when it is stopped, what is left is not run, and everything that was made is removed', async () => {
    const cloud = await startTestCloud({ things: [] });
    const stop = new AbortController();
    const first = anywhere('the first', 'x', async (target) => {
      await (await target.device()).queue();
      stop.abort();
    });
    const second = anywhere('the second', 'x', () => Promise.reject(new Error('was run')));
    const { code, printed } = await runWith(envOf(cloud), [{ file: 'stop', cases: [first, second] }], stop.signal);
    expect(printed).toContain('not run  stop: the second (stopped)');
    expect(code).toBe(1);
    await expectNothingLeft(cloud);
  });

  test('what cannot be removed is told', async () => {
    const cloud = await startTestCloud({ things: [] });
    const stuck: CaseGroup = {
      file: 'stuck',
      cases: [
        anywhere('leaves something', 'x', async (target) => {
          target.onClose(() => Promise.reject(new Error('the thing of a test')));
        }),
      ],
    };
    const { code, printed } = await runWith(envOf(cloud), [stuck]);
    expect(code).toBe(1);
    expect(printed.at(-1)).toBe('LEFT BEHIND the thing of a test');
  });
});

/** Each in its own way. */
const WRONG: CaseGroup = {
  file: 'wrong',
  cases: [
    anywhere('a queued job is REJECTED', 'x', async (target) => {
      const device = await target.device();
      const jobId = await device.queue();
      const { execution } = await device.accepted(`${jobId}/get`);
      expectLike('the execution', execution, { status: 'REJECTED' });
    }),
    anywhere('one is two', 'x', async () => {
      expectEqual('one', 1, 2);
    }),
    anywhere('a case that breaks', 'x', async () => {
      throw new Error('broken');
    }),
  ],
};

async function runWith(
  env: Environment,
  groups: readonly CaseGroup[],
  stop?: AbortSignal,
): Promise<{ readonly code: number; readonly printed: readonly string[] }> {
  const printed: string[] = [];
  const code = await runOnAccount({ env, groups, print: (text) => printed.push(text), ...(stop && { stop }) });
  return { code, printed };
}

function envOf(cloud: TestCloud): Environment {
  return {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${cloud.httpPort}`,
    AWS_IOT_ENDPOINT: `localhost:${cloud.mqttPort}`,
    AWS_IOT_CA_FILE: join(cloud.dataDir, 'ca.pem'),
  };
}

/** Jobs, things, certificates and policies, as an operator would list them. A deletion takes its time, as at AWS. */
async function expectNothingLeft(cloud: TestCloud): Promise<void> {
  const list = (operation: 'ListJobs' | 'ListThings' | 'ListCertificates' | 'ListPolicies') =>
    cloud.jobs.control(operation, {});
  const { jobs } = list('ListJobs') as { readonly jobs: readonly { readonly status: string }[] };
  expect(jobs.filter(({ status }) => status !== 'DELETION_IN_PROGRESS')).toEqual([]);
  expect(list('ListThings')).toMatchObject({ things: [] });
  expect(list('ListCertificates')).toMatchObject({ certificates: [] });
  expect(list('ListPolicies')).toMatchObject({ policies: [] });
}
