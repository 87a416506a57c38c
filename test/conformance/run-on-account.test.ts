/** `npm run test:aws`, with a local cloud posing as the account. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startTestCloud, type TestCloud } from '../fixtures/job-cloud.ts';
import type { Environment } from './account-settings.ts';
import { anywhere, type CaseGroup } from './case.ts';
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

async function runWith(
  env: Environment,
  groups: readonly CaseGroup[],
): Promise<{ readonly code: number; readonly printed: readonly string[] }> {
  const printed: string[] = [];
  const code = await runOnAccount({ env, groups, print: (text) => printed.push(text) });
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
