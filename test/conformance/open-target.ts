/** A target made of AWS's own clients and a plain MQTT client, whoever is on the other side. */
import type { IoT } from '@aws-sdk/client-iot';
import type { IoTJobsDataPlane } from '@aws-sdk/client-iot-jobs-data-plane';
import { connect as connectMqtt, type MqttClient } from 'mqtt';
import { createDevice, type ThingConnection } from './device.ts';
import type { ConformanceTarget, ConformanceThing, Device, NewJob } from './target.ts';

/** What a connection has to show. */
export interface ThingIdentity {
  /** PEM. */
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
}

/** Makes things that may connect under their own names. */
export type MakeThing = (
  thingName: string,
  onClose: ConformanceTarget['onClose'],
) => Promise<ConformanceThing & ThingIdentity>;

export interface TargetOptions {
  readonly iot: IoT;
  readonly data: IoTJobsDataPlane | null;
  /** `ca` in PEM; the system's authorities when left out. */
  readonly mqtt: { readonly host: string; readonly port: number; readonly ca?: string | Buffer };
  /** Of every name that is made. */
  readonly prefix: string;
  readonly makeThing: MakeThing;
  readonly pass?: (seconds: number) => Promise<void>;
  /** The whole target goes away with the run: nothing is removed, connections are ended. */
  readonly isDisposable?: boolean;
  /** How long an answer or a notification may take; 10 s unless given. */
  readonly patienceMs?: number;
}

export interface OpenTarget extends ConformanceTarget {
  /** Removes what was made, newest first. @returns what could not be removed, as sentences. */
  close(): Promise<readonly string[]>;
}

export function openTarget(options: TargetOptions): OpenTarget {
  const { iot, data, prefix } = options;
  const removals: (() => Promise<unknown>)[] = [];
  const onClose = (remove: () => Promise<unknown>) => {
    if (options.isDisposable !== true) removals.push(remove);
  };
  const identities = new Map<string, ThingIdentity>();
  let made = 0;

  const freshName = (what: string) => `${prefix}-${what}-${++made}`;

  const thing = async (): Promise<ConformanceThing> => {
    const { key, cert, ...named } = await options.makeThing(freshName('thing'), onClose);
    identities.set(named.thingName, { key, cert });
    return named;
  };

  const createJob = async (things: readonly ConformanceThing[], members: NewJob = {}): Promise<string> => {
    const jobId = members.jobId ?? freshName('job');
    // Before the request: one whose answer was lost leaves a job behind too. A name that is not ours may be another's job.
    if (members.jobId === undefined) onClose(() => removeJob(iot, jobId));
    const targets = things.map(({ thingArn }) => thingArn);
    const hasDocument = members.documentSource !== undefined || members.jobTemplateArn !== undefined;
    await iot.createJob({ targets, ...(!hasDocument && { document: '{"operation":"x"}' }), ...members, jobId });
    if (members.jobId !== undefined) onClose(() => removeJob(iot, jobId));
    return jobId;
  };

  const connect = async (of: ConformanceThing): Promise<Device> => {
    const connection = await connectThing(options, of, identities.get(of.thingName));
    removals.push(() => connection.client.endAsync(true));
    return createDevice(connection, {
      thing: of,
      createJob: (members) => createJob([of], members),
      patienceMs: options.patienceMs ?? 10_000,
    });
  };

  const device = async (): Promise<Device> => connect(await thing());
  const close = async () => {
    const left: string[] = [];
    for (const remove of removals.splice(0).reverse()) {
      await remove().catch((error: unknown) => left.push(error instanceof Error ? error.message : String(error)));
    }
    return left;
  };
  return { iot, data, freshName, thing, device, connect, createJob, onClose, pass: options.pass ?? null, close };
}

async function connectThing(
  { mqtt: { host, port, ca } }: TargetOptions,
  { thingName }: ConformanceThing,
  identity: ThingIdentity | undefined,
): Promise<ThingConnection> {
  if (identity === undefined) throw new Error(`${thingName} is none of this run's things`);
  const client = await connected(thingName, () =>
    connectMqtt(`mqtts://${host}:${port}`, {
      ...identity,
      ...(ca !== undefined && { ca }),
      // AWS IoT offers ALPN on 443 only; the server's name is checked as with every client.
      clientId: thingName,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
    }),
  );
  // Nagle's algorithm would hold each request back for 40 ms.
  const { stream } = client as unknown as { stream: { setNoDelay?: (on: boolean) => void } };
  stream.setNoDelay?.(true);
  const jobs = `$aws/things/${thingName}/jobs`;
  const filters = ['+/get/+', '+/update/+', 'start-next/+', 'get/+', 'notify', 'notify-next'];
  await client.subscribeAsync(
    filters.map((filter) => `${jobs}/${filter}`),
    { qos: 1 },
  );
  return { client, jobs };
}

/**
 * AWS takes a moment until a new certificate and its policy are known everywhere, and closes until then.
 * @throws Error when it goes on closing.
 */
async function connected(thingName: string, start: () => MqttClient, attempts = 5): Promise<MqttClient> {
  const client = start();
  let reason = 'the connection was closed';
  client.on('error', (error) => {
    reason = error.message;
  });
  const isConnected = await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('close', () => resolve(false));
  });
  if (isConnected) return client;
  await client.endAsync(true);
  if (attempts <= 1) throw new Error(`${thingName} could not connect: ${reason}`);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  return connected(thingName, start, attempts - 1);
}

/** One that is gone is removed; AWS deletes ten jobs at a time, and says so by LimitExceededException. */
async function removeJob(iot: IoT, jobId: string, attempts = 30): Promise<void> {
  try {
    await iot.deleteJob({ jobId, force: true });
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ResourceNotFoundException') return;
    if (name !== 'LimitExceededException' || attempts <= 1) throw new Error(`job ${jobId}: ${name}: ${message}`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await removeJob(iot, jobId, attempts - 1);
  }
}
