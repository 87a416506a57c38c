/**
 * Whatever comes, over HTTP or MQTT, is answered as AWS answers, and never with a fault of ours. FUZZ_REQUESTS says how
 * many requests in all; 10,000 is the whole run.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import * as fc from 'fast-check';
import type { MqttClient } from 'mqtt';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import type { ControlOperationName } from '../../../local-cloud/api-model/model.ts';
import { startRestServer } from '../../../local-cloud/rest/rest-server.ts';
import { type RunningService, runJobsService } from '../../../local-cloud/running-service.ts';
import {
  type ArbitraryRequest,
  controlRequests,
  dataRequests,
  deviceMessages,
} from '../../fixtures/arbitrary-requests.ts';
import { checkProperty } from '../../fixtures/check-property.ts';
import { connectThing, startTestCloud } from '../../fixtures/job-cloud.ts';

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2000);
const TIMEOUT_MS = 20_000 + REQUESTS * 40;
/** One run in CI is like the next; another seed is another test. */
const SEED = Number(process.env.FUZZ_SEED ?? 1);

test.each([
  ['the control plane', controlRequests(), 0.5],
  ['the data plane', dataRequests(), 0.15],
] as const)(
  '%s over HTTP answers anything without a fault, and serves on',
  async (_what, requests, share) => {
    const { send, served } = await startFuzzed();
    await fc.assert(
      fc.asyncProperty(requests, async (made) => {
        expect(faultIn(await send(made))).toBeUndefined();
      }),
      { numRuns: REQUESTS * share, seed: SEED },
    );
    expect(await served()).toBe(200);
  },
  TIMEOUT_MS,
);

test('many of the requests are right, so that what is behind the checks is tried too', async () => {
  const { send, reached } = await startFuzzed();
  const numRuns = 1000;
  await fc.assert(
    fc.asyncProperty(controlRequests(), async (made) => void (await send(made))),
    { numRuns, seed: SEED },
  );
  expect(reached.size).toBeGreaterThan(35);
});

test('an operation that throws a TypeError is found', async () => {
  const { send, served } = await startFuzzed((operation) => {
    if (operation === 'CancelJob') throw new TypeError("Cannot read properties of undefined (reading 'force')");
  });
  const found = await fc.check(
    fc.asyncProperty(controlRequests(), async (made) => {
      expect(faultIn(await send(made))).toBeUndefined();
    }),
    { numRuns: 1000, seed: SEED, endOnFailure: true },
  );
  expect(found).toMatchObject({ failed: true });
  expect(found.counterexample?.[0]).toMatchObject({ path: expect.stringContaining('/cancel') });
  expect(await served()).toBe(200);
});

test(
  'the device’s messages are answered without a fault',
  () => {
    const jobs = startService();
    checkProperty(
      fc.property(deviceMessages(), ({ topic, payload }) => {
        const answers: { code: string | undefined; message: JsonObject }[] = [];
        jobs.device({ thingName: 'gw-1', topic: `$aws/things/gw-1/jobs/${topic}`, payload }, (answer) =>
          answers.push(answer),
        );
        expect(answers).toHaveLength(1);
        expect(answers[0]?.code).not.toBe('InternalError');
        expect(() => JSON.stringify(answers[0]?.message)).not.toThrow();
      }),
      { numRuns: REQUESTS * 0.3, seed: SEED },
    );
  },
  TIMEOUT_MS,
);

test(
  'through the broker too, which still serves afterwards',
  async () => {
    const cloud = await startTestCloud();
    prepare(cloud.jobs);
    let client = await connectThing(cloud, 'gw-1');
    await fc.assert(
      fc.asyncProperty(deviceMessages(), fc.constantFrom<0 | 1>(0, 1), async ({ topic, payload }, qos) => {
        if (!client.connected) client = await connectThing(cloud, 'gw-1');
        await publishOrLose(client, `$aws/things/gw-1/jobs/${topic}`, { payload, qos });
      }),
      { numRuns: REQUESTS * 0.05, seed: SEED },
    );
    if (!client.connected) client = await connectThing(cloud, 'gw-1');
    await client.publishAsync('$aws/things/gw-1/jobs/get', '{"clientToken":"the last"}', { qos: 1 });
    const last = await cloud.deviceRequest(({ answer }) => answer.message.clientToken === 'the last');
    expect(last.accepted).toBe(true);
    expect(cloud.deviceRequests.filter(({ answer }) => answer.code === 'InternalError')).toEqual([]);
    expect(cloud.deviceRequests.length).toBeGreaterThan(REQUESTS * 0.02);
  },
  TIMEOUT_MS,
);

interface Answer {
  readonly status: number;
  readonly errorType: string | undefined;
  readonly requestId: string | undefined;
  readonly text: string;
}

/** What is wrong with an answer: a status of ours, or a form that AWS's clients could not read. */
function faultIn({ status, errorType, requestId, text }: Answer): string | undefined {
  if (status >= 500) return `${status} ${text}`;
  if (requestId === undefined) return 'no x-amzn-RequestId';
  if (status >= 400 && !/^[A-Z][A-Za-z]+Exception$/.test(errorType ?? '')) return `${status} with ${errorType}`;
  if (/Internal(Failure|Server|Error)/.test(errorType ?? '')) return errorType;
  if (text !== '') JSON.parse(text);
  return undefined;
}

/** The service with things and jobs, behind HTTP without signatures; `before` may throw in an operation's place. */
async function startFuzzed(before: (operation: ControlOperationName) => void = () => undefined): Promise<{
  send(made: ArbitraryRequest): Promise<Answer>;
  /** The status of an ordinary request. */
  served(): Promise<number>;
  /** Operations that were done, not refused. */
  readonly reached: Set<string>;
}> {
  const jobs = startService();
  const reached = new Set<string>();
  const server = await startRestServer({
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    keyPairs: null,
    control: (operation, input) => {
      before(operation);
      const answer = jobs.control(operation, input);
      reached.add(operation);
      return answer;
    },
    data: jobs.data,
  });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(async () => {
    agent.destroy();
    jobs.close();
    await server.close();
  });
  const send = async ({ method, path, headers, body }: ArbitraryRequest): Promise<Answer> => {
    // Node leaves the length out where a method has no body by custom: what follows would be another request.
    const sized = { ...headers, 'content-length': String(body.length) };
    const sent = request({ port: server.port, host: '127.0.0.1', agent, method, path, headers: sized });
    sent.setNoDelay(true);
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    const header = (name: string) => response.headers[name]?.toString();
    const [errorType, requestId] = [header('x-amzn-errortype'), header('x-amzn-requestid')];
    return { status: response.statusCode ?? 0, errorType, requestId, text };
  };
  // A list: among what came before, the job itself may have been deleted.
  const ordinary = { method: 'GET', path: '/jobs', headers: {}, body: Buffer.alloc(0) };
  return { send, served: async () => (await send(ordinary)).status, reached };
}

function startService(): RunningService {
  const jobs = runJobsService({ now: Date.now, notify: () => undefined });
  onTestFinished(() => jobs.close());
  prepare(jobs);
  return jobs;
}

/** What the arbitrary requests name. */
function prepare(jobs: RunningService): void {
  for (const thingName of ['gw-1', 'gw-2']) jobs.addThing(thingName);
  const document = '{"operation":"x"}';
  const targets = ['arn:aws:iot:us-east-1:123456789012:thing/gw-1'];
  const policyDocument = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
  for (const jobId of ['a', 'b']) jobs.control('CreateJob', { jobId, targets, document });
  jobs.control('CreateThingGroup', { thingGroupName: 'group' });
  jobs.control('AddThingToThingGroup', { thingGroupName: 'group', thingName: 'gw-2' });
  jobs.control('CreatePolicy', { policyName: 'policy', policyDocument });
  jobs.control('CreateJobTemplate', { jobTemplateId: 'template', description: 'x', document });
  jobs.control('CreatePackage', { packageName: 'pkg' });
  jobs.control('CreatePackageVersion', { packageName: 'pkg', versionName: '1.0' });
}

/** A topic that the broker ends the connection for is lost with it, as at AWS. */
async function publishOrLose(
  client: MqttClient,
  topic: string,
  { payload, qos }: { payload: Buffer; qos: 0 | 1 },
): Promise<void> {
  await new Promise<void>((resolve) => {
    const over = () => {
      client.off('close', over);
      resolve();
    };
    client.once('close', over);
    client.publish(topic, payload, { qos }, over);
  });
}
