import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../agent/cli/usage.ts';
import { SETTINGS } from '../../agent/config/setting.ts';
import type { JobsRequest } from '../../agent/core/jobs-request.ts';
import { jobsSubscriptions, requestTopic } from '../../agent/protocol/topics.ts';

interface Statement {
  readonly Action: string;
  readonly Resource: string | string[];
}

const THING = 'gw1';
/** What `run` adds to the two graces for its last reports. */
const CLOSE_MARGIN_SECONDS = 20;

const requests: JobsRequest[] = [
  { operation: 'StartNextPendingJobExecution' },
  { operation: 'GetPendingJobExecutions' },
  { operation: 'DescribeJobExecution', jobId: 'a-job' },
  { operation: 'UpdateJobExecution', jobId: 'a-job', executionNumber: 1, expectedVersion: 1, status: 'FAILED' },
];
const topics = requests.map((request) => requestTopic(THING, request));

describe('the policy in docs/install.md', async () => {
  const allowed = await readPolicy();

  test('allows the subscriptions of the agent and no others', () => {
    expect(allowed('iot:Subscribe', 'topicfilter')).toEqual(jobsSubscriptions(THING).map(({ filter }) => filter));
  });

  test('allows each request of the agent by one resource', () => {
    const resources = allowed('iot:Publish', 'topic');
    expect(resources.map((resource) => topics.filter((topic) => matches(resource, topic)))).toEqual(
      topics.map((topic) => [topic]),
    );
  });

  test('allows each answer and notification by one resource', () => {
    const resources = allowed('iot:Receive', 'topic');
    const answers = topics.flatMap((topic) => [`${topic}/accepted`, `${topic}/rejected`]);
    for (const topic of [...answers, `$aws/things/${THING}/jobs/notify`, `$aws/things/${THING}/jobs/notify-next`]) {
      expect(
        resources.filter((resource) => matches(resource, topic)),
        topic,
      ).toHaveLength(1);
    }
  });

  test('is short enough for AWS IoT in the region with the longest name', async () => {
    const text = /```json\n(.+?)\n```/s.exec(await readText('docs/install.md'))?.[1] ?? '';
    const longest = text.replaceAll('us-east-1', 'ap-southeast-99').replaceAll(/\s/g, '');
    // AWS General Reference, "AWS IoT Core endpoints and quotas": policy document size, white space excluded.
    expect(longest.length).toBeLessThanOrEqual(2048);
  });

  test('allows the client id of the thing only', () => {
    expect(allowed('iot:Connect', 'client')).toEqual([THING]);
  });

  test("allows nothing of another thing's", () => {
    for (const action of ['iot:Publish', 'iot:Receive']) {
      for (const resource of allowed(action, 'topic')) expect(resource).toMatch(`$aws/things/${THING}/jobs/`);
    }
  });
});

test('docs/install.md names files as config.example.json does', async () => {
  const guide = await readText('docs/install.md');
  const example = JSON.parse(await readText('config.example.json')) as Readonly<Record<string, string>>;
  const { certPath, keyPath, caPath } = example;
  expect(guide).toContain(`--certificate-pem-outfile ${certPath} --private-key-outfile ${keyPath}\n`);
  expect(guide).toContain(`curl -o ${caPath} `);
  expect(guide).toContain(`install -m 644 ${certPath} ${caPath} /etc/iot-job-agent/\n`);
  expect(guide).toContain(`install -m 600 ${keyPath} /etc/iot-job-agent/\n`);
});

describe('systemd/iot-job-agent.service', async () => {
  const unit = await readUnit();
  const byDefault = (name: string) => SETTINGS.find((setting) => setting.name === name)?.byDefault;

  test('stops later than the agent needs by default', () => {
    const graces = Number(byDefault('shutdownGraceSeconds')) + Number(byDefault('stopGraceSeconds'));
    expect(Number(unit('TimeoutStopSec'))).toBeGreaterThan(graces + CLOSE_MARGIN_SECONDS);
  });

  test('makes the folders that are the defaults', () => {
    expect(`/var/lib/${unit('StateDirectory')}`).toBe(byDefault('stateDir'));
    expect(`/run/${unit('RuntimeDirectory')}`).toBe(byDefault('runtimeDir'));
  });

  test('does not restart on wrong settings or usage', () => {
    expect(unit('RestartPreventExitStatus')).toBe(`${EXIT.config} ${EXIT.usage}`);
  });
});

/** @returns for an action the resources of a kind that the policy allows to a thing. */
async function readPolicy() {
  const guide = await readText('docs/install.md');
  const text = /```json\n(.+?)\n```/s.exec(guide)?.[1] ?? '';
  const { Statement: statements } = JSON.parse(text) as { readonly Statement: readonly Statement[] };
  return (action: string, kind: string) => {
    const resources = statements.filter(({ Action }) => Action === action).flatMap(({ Resource }) => Resource);
    return resources.map((resource) => {
      const [arn = '', ...rest] = resource.replaceAll(`\${iot:Connection.Thing.ThingName}`, THING).split('/');
      expect(arn).toBe(`arn:aws:iot:us-east-1:123456789012:${kind}`);
      return rest.join('/');
    });
  };
}

async function readUnit() {
  const text = await readText('systemd/iot-job-agent.service');
  return (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
}

/** `*` of a policy stands for any characters, slashes too; `+` and `#` stand for themselves. */
function matches(resource: string, topic: string): boolean {
  const parts = resource.split('*').map((part) => part.replace(/[$.+]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(topic);
}

function readText(path: string): Promise<string> {
  return readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
}
