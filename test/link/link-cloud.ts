/**
 * The broker and the Jobs rules of the local cloud, on a real port with real TLS, for many gateways at once. Each takes
 * its jobs from a service of its own, which can be replaced by a new one, and which remembers what it accepted.
 */
import { pino } from 'pino';
import type { JsonObject } from '../../agent/core/json.ts';
import { startBroker } from '../../local-cloud/broker/broker.ts';
import {
  certificateFingerprint,
  createAuthority,
  type Identity,
  issueClientCertificate,
  issueServerCertificate,
} from '../../local-cloud/identity/certificates.ts';
import { encodeMessage } from '../../local-cloud/jobs-service/encode-message.ts';
import { type RunningService, runJobsService } from '../../local-cloud/running-service.ts';
import { principalsOf } from '../fixtures/thing-principals.ts';

export interface LinkCloud {
  readonly port: number;
  readonly caPem: string;
  readonly things: readonly CloudThing[];
  close(): Promise<void>;
}

export interface CloudThing {
  readonly thingName: string;
  readonly identity: Identity;
  /** A service without jobs, which serves the thing from now on. */
  newService(onServed: () => void): ThingService;
}

export interface ThingService {
  createJob(jobId: string, document: JsonObject): void;
  status(jobId: string): string;
  /** Terminal statuses it accepted from the thing, of all jobs, in order: `a SUCCEEDED`. */
  readonly told: readonly string[];
  close(): void;
}

const TERMINAL = new Set(['SUCCEEDED', 'FAILED', 'REJECTED']);

/** @param count how many things it has. */
export async function startLinkCloud(count: number): Promise<LinkCloud> {
  const authority = await createAuthority('Link Test CA');
  const services = new Map<string, { readonly service: RunningService; readonly onServed: () => void }>();
  const identities = await Promise.all(
    Array.from({ length: count }, (_, index) => issueClientCertificate(authority, `gateway-${index}`)),
  );
  const names = new Map(
    identities.map(({ certPem }, index) => [certificateFingerprint(certPem), `gateway-${index}`] as const),
  );
  const broker = await startBroker({
    host: '127.0.0.1',
    port: 0,
    caPem: authority.certPem,
    server: await issueServerCertificate(authority, ['localhost']),
    log: pino({ level: 'silent' }),
    ...principalsOf((fingerprint) => names.get(fingerprint)),
    onRequest(request, answer) {
      const served = services.get(request.thingName);
      served?.service.device(request, ({ topic, message }) => answer(topic, encodeMessage(message)));
      served?.onServed();
    },
  });

  function newService(thingName: string, onServed: () => void): ThingService {
    const service = runJobsService({
      now: Date.now,
      notify: ({ topic, message }) => broker.notify(topic, encodeMessage(message)),
    });
    service.addThing(thingName);
    const recorded = recordTold(service);
    services.set(thingName, { service: recorded.service, onServed });
    return {
      told: recorded.told,
      createJob(jobId, document) {
        const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${thingName}`];
        service.control('CreateJob', { jobId, targets, document: JSON.stringify(document) });
      },
      status: (jobId) =>
        String((service.control('DescribeJobExecution', { jobId, thingName }).execution as JsonObject).status),
      close() {
        services.delete(thingName);
        service.close();
      },
    };
  }

  return {
    port: broker.port,
    caPem: authority.certPem,
    things: identities.map((identity, index) => ({
      thingName: `gateway-${index}`,
      identity,
      newService: (onServed) => newService(`gateway-${index}`, onServed),
    })),
    close: broker.close,
  };
}

/** The same service, which writes down the terminal updates it accepts. */
function recordTold(service: RunningService): { readonly service: RunningService; readonly told: readonly string[] } {
  const told: string[] = [];
  const device: RunningService['device'] = (request, answer) =>
    service.device(request, (given) => {
      if (given.accepted && given.operation === 'UpdateJobExecution') note(request);
      answer(given);
    });
  function note({ topic, payload }: Parameters<RunningService['device']>[0]): void {
    const { status } = JSON.parse(Buffer.from(payload).toString()) as { status: string };
    if (TERMINAL.has(status)) told.push(`${topic.split('/').at(-2)} ${status}`);
  }
  return { service: { ...service, device }, told };
}
