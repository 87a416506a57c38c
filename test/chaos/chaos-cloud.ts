/** The Jobs service that agents under test speak to: the local cloud with its own broker, or behind mosquitto. */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import { issueServerCertificate } from '../../local-cloud/identity/certificates.ts';
import { openDataFolder, openThingFolder } from '../../local-cloud/identity/data-folder.ts';
import { startJobCloud } from '../../local-cloud/job-cloud.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { type Execution, findExecution } from '../../local-cloud/jobs-service/state.ts';
import { type RunningService, runJobsService } from '../../local-cloud/running-service.ts';
import { startMosquittoBroker } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';

export interface ChaosCloud {
  /** A configuration for each thing that an agent can start from. */
  readonly configPaths: Readonly<Record<string, string>>;
  createJob(thingName: string, jobId: string, document: JsonObject): void;
  /** By force. False when the execution is over already. */
  cancel(thingName: string, jobId: string): boolean;
  execution(thingName: string, jobId: string): Execution;
  /** How many executions of the thing are not over. */
  openCount(thingName: string): number;
  /** Resolves when every execution of the thing is over. */
  settled(thingName: string): Promise<void>;
  close(): Promise<void>;
}

export interface ChaosCloudOptions {
  readonly broker: 'aedes' | 'mosquitto';
  readonly dataDir: string;
  readonly things: readonly string[];
}

export async function startChaosCloud(options: ChaosCloudOptions): Promise<ChaosCloud> {
  const watchers = new Set<() => void>();
  const onAnswered = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const { jobs, configPaths, close } = await (options.broker === 'aedes' ? onAedes : onMosquitto)(options, onAnswered);
  const thingOf = (thingName: string) => jobs.state.things.get(thingName);
  const openCount = (thingName: string) => thingOf(thingName)?.pending.length ?? 0;
  return {
    configPaths,
    openCount,
    close,
    createJob(thingName, jobId, document) {
      const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${thingName}`];
      jobs.control('CreateJob', { jobId, targets, document: JSON.stringify(document) });
    },
    cancel(thingName, jobId) {
      const { status } = requireExecution(jobs, thingName, jobId);
      if (status !== 'QUEUED' && status !== 'IN_PROGRESS') return false;
      jobs.control('CancelJobExecution', { jobId, thingName, force: true });
      onAnswered();
      return true;
    },
    execution: (thingName, jobId) => requireExecution(jobs, thingName, jobId),
    settled: (thingName) =>
      new Promise((resolve) => {
        const watcher = () => {
          if (openCount(thingName) > 0) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

function requireExecution(jobs: RunningService, thingName: string, jobId: string): Execution {
  const execution = findExecution(jobs.state.things.get(thingName), jobId, undefined);
  if (execution === undefined) throw new Error(`the service forgot ${jobId} of ${thingName}`);
  return execution;
}

interface ReachableService {
  readonly jobs: RunningService;
  readonly configPaths: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

async function onAedes(options: ChaosCloudOptions, onAnswered: () => void): Promise<ReachableService> {
  const { dataDir, things } = options;
  const log = pino({ level: 'silent' });
  const address = { mqttPort: 0, httpPort: 0, host: '127.0.0.1' };
  const cloud = await startJobCloud({ ...address, dataDir, things, log, onDeviceRequest: onAnswered });
  const configPaths = Object.fromEntries(
    Object.entries(cloud.things).map(([name, { configPath }]) => [name, configPath]),
  );
  return { jobs: cloud.jobs, configPaths, close: cloud.close };
}

const REQUEST = /^\$aws\/things\/([^/]+)\/jobs\/(?:get|start-next|[^/]+\/(?:get|update))$/;

/** The service as a client like any other: answers go through the broker, and so does its own word to itself. */
async function onMosquitto(options: ChaosCloudOptions, onAnswered: () => void): Promise<ReachableService> {
  const { dataDir, things } = options;
  const { authority } = await openDataFolder(dataDir);
  const server = await issueServerCertificate(authority, ['localhost', '127.0.0.1']);
  const broker = await startMosquittoBroker({ server, clientCaPem: authority.certPem });
  const openThing = async (thingName: string) =>
    (await openThingFolder(dataDir, { thingName, mqttPort: broker.port, authority })).configPath;
  const own = dirname(await openThing('jobs-service'));
  const client = await connectAsync(`mqtts://localhost:${broker.port}`, {
    ca: authority.certPem,
    cert: await readFile(join(own, 'certificate.pem')),
    key: await readFile(join(own, 'private.key')),
    clientId: 'jobs-service',
    reconnectPeriod: 0,
  });
  client.on('error', () => undefined); // the broker may go first
  const { stream } = client as unknown as { stream: { setNoDelay?: (on: boolean) => void } };
  stream.setNoDelay?.(true); // Nagle's algorithm would hold each answer back for 40 ms
  const send = (topic: string, message: JsonObject) => client.publish(topic, encodeMessage(message), { qos: 1 });
  const jobs = runJobsService({ now: Date.now, notify: ({ topic, message }) => send(topic, message) });
  client.on('message', (topic, payload) => {
    const thingName = REQUEST.exec(topic)?.[1];
    if (thingName === undefined) return;
    jobs.device({ thingName, topic, payload }, (answer) => send(answer.topic, answer.message));
    onAnswered();
  });
  const configPaths: Record<string, string> = {};
  for (const thingName of things) {
    jobs.addThing(thingName);
    configPaths[thingName] = await openThing(thingName);
    await client.subscribeAsync(`$aws/things/${thingName}/jobs/#`, { qos: 1 });
  }
  const close = async () => {
    jobs.close();
    await client.endAsync(true);
    await broker.stop();
  };
  return { jobs, configPaths, close };
}
