/** The Jobs service that agents under test speak to: over the local cloud's own broker or over mosquitto, with faults. */

import type { JsonObject } from '../../agent/core/json.ts';
import type { Identity } from '../../local-cloud/identity/certificates.ts';
import { openDataFolder, openThingFolder } from '../../local-cloud/identity/data-folder.ts';
import { pendingInOrder } from '../../local-cloud/jobs-service/pending-list.ts';
import { type Execution, findExecution } from '../../local-cloud/jobs-service/state.ts';
import type { RunningService } from '../../local-cloud/running-service.ts';
import { openAedesWire } from './aedes-wire.ts';
import { type AllowedFaults, type CloudFaults, createCloudFaults, type FaultCounts } from './cloud-faults.ts';
import { createFaultyService } from './faulty-service.ts';
import { type Link, openLink } from './link.ts';
import { openMosquittoWire } from './mosquitto-wire.ts';
import type { Wire, WireOptions } from './wire.ts';

export interface ChaosCloud {
  /** A configuration for each thing that an agent can start from. */
  readonly configPaths: Readonly<Record<string, string>>;
  /** What went wrong so far, by name. */
  readonly faults: ReadonlyMap<string, number>;
  createJob(thingName: string, jobId: string, document: JsonObject): void;
  /** By force. False when the execution is over already. */
  cancel(thingName: string, jobId: string): boolean;
  execution(thingName: string, jobId: string): Execution;
  /** How many executions of the thing are not over. */
  openCount(thingName: string): number;
  /** Resolves when every execution of the thing is over. */
  settled(thingName: string): Promise<void>;
  /** Another agent process of the thing. */
  agentStarts(thingName: string): void;
  /** Of all things. */
  allowFaults(allowed: AllowedFaults): void;
  /** What a thing has between itself and the broker. */
  link(thingName: string): Link;
  /** Another broker in the place of the one that is; the service lives on. */
  restartBroker(): Promise<void>;
  close(): Promise<void>;
}

export interface ChaosCloudOptions {
  readonly broker: 'aedes' | 'mosquitto';
  readonly dataDir: string;
  readonly things: readonly string[];
  /** Of what goes wrong. */
  readonly seed: number;
}

export async function startChaosCloud(options: ChaosCloudOptions): Promise<ChaosCloud> {
  const { authority } = await openDataFolder(options.dataDir);
  const things = new Map<string, ThingOnLink>();
  const thingOf = (thingName: string) => required(things.get(thingName), thingName);
  const watchers = new Set<() => void>();
  const onServed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const service = createFaultyService({
    faultsOf: (thingName) => thingOf(thingName).faults,
    cut: (thingName) => thingOf(thingName).link.cut(thingOf(thingName).faults.cutHow()),
    notify: (message) => wire.notify(message),
    onServed,
  });
  const openWire = () =>
    (options.broker === 'aedes' ? openAedesWire : openMosquittoWire)({
      dataDir: options.dataDir,
      authority,
      thingOf: (fingerprint) => [...things].find(([, thing]) => thing.fingerprint === fingerprint)?.[0],
      onRequest: service.onRequest,
    } satisfies WireOptions);
  let wire: Wire = await openWire();
  const counts: FaultCounts = new Map();
  for (const [index, thingName] of options.things.entries()) {
    const faults = createCloudFaults(options.seed * 31 + index, counts);
    const link = await openLink({ targetPort: () => wire.port, breaksAfterBytes: faults.breaksAfterBytes });
    things.set(thingName, { faults, link, ...(await openThing(options.dataDir, thingName, { link, authority })) });
    service.jobs.addThing(thingName);
  }
  return {
    ...onService(service.jobs, watchers, onServed),
    configPaths: Object.fromEntries([...things].map(([name, { configPath }]) => [name, configPath])),
    faults: counts,
    link: (thingName) => thingOf(thingName).link,
    agentStarts: (thingName) => thingOf(thingName).faults.agentStarts(),
    allowFaults(allowed) {
      for (const { faults } of things.values()) faults.allow(allowed);
    },
    async restartBroker() {
      await wire.close();
      wire = await openWire();
    },
    async close() {
      service.close();
      await Promise.all([...things.values()].map(({ link }) => link.close()));
      await wire.close();
    },
  };
}

interface ThingOnLink {
  readonly configPath: string;
  readonly fingerprint: string;
  readonly faults: CloudFaults;
  readonly link: Link;
}

function openThing(dataDir: string, thingName: string, { link, authority }: { link: Link; authority: Identity }) {
  return openThingFolder(dataDir, { thingName, mqttPort: link.port, authority });
}

/** What needs no broker. */
function onService(
  jobs: RunningService,
  watchers: Set<() => void>,
  onChanged: () => void,
): Pick<ChaosCloud, 'createJob' | 'cancel' | 'execution' | 'openCount' | 'settled'> {
  const openCount = (thingName: string) => {
    const thing = jobs.state.things.get(thingName);
    return thing === undefined ? 0 : pendingInOrder(thing).length;
  };
  const execution = (thingName: string, jobId: string) =>
    required(findExecution(jobs.state.things.get(thingName), jobId, undefined), `${jobId} of ${thingName}`);
  return {
    openCount,
    execution,
    createJob(thingName, jobId, document) {
      const targets = [`arn:aws:iot:us-east-1:123456789012:thing/${thingName}`];
      jobs.control('CreateJob', { jobId, targets, document: JSON.stringify(document) });
    },
    cancel(thingName, jobId) {
      const { status } = execution(thingName, jobId);
      if (status !== 'QUEUED' && status !== 'IN_PROGRESS') return false;
      jobs.control('CancelJobExecution', { jobId, thingName, force: true });
      onChanged();
      return true;
    },
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

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the service does not know ${name}`);
  return value;
}
