/** The local cloud as one object: data folder, Jobs service, MQTT broker and REST face, started and closed together. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { JsonObject } from '../agent/core/json.ts';
import { type Admin, startAdmin } from './admin/start-admin.ts';
import { type ControlOperationName, IOT, IOT_JOBS_DATA } from './api-model/model.ts';
import { type Artifacts, startArtifacts } from './artifacts/start-artifacts.ts';
import type { Broker, BrokerOptions } from './broker/broker.ts';
import { startBroker } from './broker/broker.ts';
import type { BrokerAddress } from './broker/broker-address.ts';
import { joinBroker } from './broker/join-broker.ts';
import type { TurnableClock } from './clock.ts';
import { createTurnableClock } from './clock.ts';
import { createCloudOperations } from './cloud-operations.ts';
import { trackConnections } from './faults/device-connections.ts';
import type { FaultControl, FaultDraw } from './faults/fault-control.ts';
import { createFaultControl } from './faults/fault-control.ts';
import { readFaultFile } from './faults/fault-file.ts';
import { createFaultyDevicePlane } from './faults/faulty-device-plane.ts';
import { withRestFaults } from './faults/faulty-rest.ts';
import type { Identity } from './identity/certificates.ts';
import { issueServerCertificate } from './identity/certificates.ts';
import type { DataFolder, OperatorCredentials } from './identity/data-folder.ts';
import { openDataFolder, openThingFolder } from './identity/data-folder.ts';
import { type DataFolderLock, lockDataFolder } from './identity/data-folder-lock.ts';
import type { DeviceAnswer, DeviceRequest } from './jobs-service/device-request.ts';
import { encodeMessage } from './jobs-service/encode-message.ts';
import type { ServiceOptions } from './jobs-service/service-options.ts';
import { thingArn } from './jobs-service/state.ts';
import { THING_NAME } from './jobs-service/validation.ts';
import type { Persistence } from './persist/persistence.ts';
import { openPersistence } from './persist/persistence.ts';
import { principalOf } from './registry/principal-of.ts';
import { readIamPolicies } from './rest/iam-policy-file.ts';
import type { RestFaces } from './rest/rest-faces.ts';
import { startRestFaces } from './rest/rest-faces.ts';
import type { RunningService } from './running-service.ts';
import { runJobsService } from './running-service.ts';
import type { SubstitutionRules } from './substitution/document-plan.ts';

export interface JobCloudOptions {
  readonly dataDir: string;
  /** 0 for any free one. */
  readonly mqttPort: number;
  /** 0 for any free one. */
  readonly httpPort: number;
  /** Of the jobs data plane with mutual TLS; 0 for any free one, not served unless given. */
  readonly jobsDataPort?: number;
  /** Of the artifact store; 0, for any free one, unless given. */
  readonly artifactsPort?: number;
  /** What AWS does not document of placeholders; `DEFAULT_SUBSTITUTION_RULES` unless given. */
  readonly substitutionRules?: SubstitutionRules;
  readonly things: readonly string[];
  /** A broker that already exists, to be used in place of our own; `mqttPort` is then not used. */
  readonly broker?: BrokerAddress | undefined;
  /** Where to listen; anything but a loopback address lets others in. */
  readonly host: string;
  readonly log: Logger;
  /** False takes HTTP requests that nobody signed; true unless given. */
  readonly auth?: boolean;
  /** File with the IAM policies of key pairs; DATA_DIR/iam.json, where there is one, unless given. */
  readonly iamPolicies?: string | undefined;
  /** Milliseconds since the epoch; the machine's clock unless given. */
  readonly now?: () => number;
  /** Keeps jobs, registry, templates, packages and the clock's offset in DATA_DIR/jobs-state.json; false unless given. */
  readonly persist?: boolean;
  /** A file of fault settings: what goes wrong from the start. */
  readonly faultsFile?: string | undefined;
  /** What AWS leaves open; the defaults unless given. */
  readonly serviceOptions?: ServiceOptions | undefined;
  /** Every request of a device, after it was answered: what was on the wire, and what came of it. */
  readonly onDeviceRequest?: (request: ObservedDeviceRequest) => void;
}

export interface ObservedDeviceRequest {
  readonly thingName: string;
  readonly operation: DeviceAnswer['operation'];
  readonly topic: string;
  /** The payload's bytes as they came. */
  readonly payload: Uint8Array;
  readonly accepted: boolean;
  /** The answer's topic and message. */
  readonly answer: DeviceAnswer;
}

export interface CloudThing {
  /** A configuration the agent can start from. Absolute. */
  readonly configPath: string;
  readonly thingArn: string;
}

export interface JobCloud {
  /** Of the store that stands in for S3: objects are at `artifactsUrl/BUCKET/KEY`, and in `DIR/artifacts/BUCKET/KEY`. */
  readonly artifactsUrl: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  /** Undefined where `jobsDataPort` was not given. */
  readonly jobsDataTlsPort: number | undefined;
  /** Address of the web console, with its token behind the `#`. */
  readonly consoleUrl: string;
  readonly caPath: string;
  readonly credentialsPath: string;
  readonly credentials: OperatorCredentials;
  readonly things: Readonly<Record<string, CloudThing>>;
  /** The Jobs service itself: `control` is what the REST face calls. */
  readonly jobs: RunningService;
  /** Any operation of the control plane, those that `jobs.control` cannot do among them. @throws ControlError */
  call(operation: ControlOperationName, input: JsonObject): Promise<JsonObject>;
  /** Who is connected over MQTT. */
  readonly broker: Pick<Broker, 'connections' | 'onConnectionChange' | 'disconnect'>;
  /** Turned forward, it lets happen what is due by then. */
  readonly clock: TurnableClock;
  /** What goes wrong on purpose. */
  readonly faults: FaultControl;
  /** Makes a thing with its certificate and configuration; one that is there already is given back. */
  addThing(thingName: string): Promise<CloudThing>;
  close(): Promise<void>;
}

/** Resolves when everything listens. When something cannot start, what was started is closed again. */
export async function startJobCloud(options: JobCloudOptions): Promise<JobCloud> {
  const dataDir = resolve(options.dataDir);
  for (const thingName of options.things) requireThingName(thingName);
  const faults = await openFaults(options);
  const lock = await lockDataFolder(dataDir);
  try {
    return await startLocked({ ...options, dataDir }, { faults, lock });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface HeldParts {
  readonly faults: FaultControl & FaultDraw;
  /** Released at the end. */
  readonly lock: DataFolderLock;
}

async function startLocked(options: JobCloudOptions, { faults, lock }: HeldParts): Promise<JobCloud> {
  const { dataDir } = options;
  const folder = await openDataFolder(dataDir);
  const persistence = await openPersistence(dataDir, options);
  const clock = createTurnableClock({ base: options.now, offsetMs: persistence.clockOffsetMs });
  const server = await issueServerCertificate(folder.authority, hostNames(options.host));
  const { host, artifactsPort: port = 0, log } = options;
  const { credentials } = folder;
  const artifacts = await startArtifacts(dataDir, { host, port, server, credentials, log, now: clock.now });
  const parts = { authority: folder.authority, server, clock, artifacts, faults, persistence };
  const { broker, jobs } = await startDevicePlane(options, parts);
  const things: Record<string, CloudThing> = {};

  const addThing = async (thingName: string): Promise<CloudThing> => {
    requireThingName(thingName);
    const { configPath, certificatePem } = await openThingFolder(dataDir, {
      thingName,
      mqttPort: broker.port,
      endpoint: options.broker?.host ?? 'localhost',
      authority: folder.authority,
    });
    const thing = { configPath, thingArn: thingArn(thingName) };
    things[thingName] = thing;
    jobs.addThing(thingName, certificatePem);
    return thing;
  };

  try {
    for (const thingName of options.things) await addThing(thingName);
    const { caPath, credentialsPath } = folder;
    const operations = withDisconnects(createCloudOperations(jobs, folder.authority, artifacts.store).call, broker);
    const admin = await startAdmin({ dataDir, host, log }, { jobs, broker, clock, faults, addThing, call: operations });
    const { call } = admin;
    const rest = await openRestFaces(options, { folder, jobs, call, extra: admin.handle, faults });
    const close = async () => {
      jobs.close();
      admin.close();
      await Promise.all([rest.close(), broker.close(), artifacts.close()]);
      await persistence.close().finally(lock.release);
    };
    const { httpPort, jobsDataTlsPort } = rest;
    const ports = { mqttPort: broker.port, httpPort, jobsDataTlsPort, artifactsUrl: artifacts.url };
    // The server's certificate is good for this name, whatever `host` is.
    jobs.state.registry.endpoints.data = `${options.broker?.host ?? 'localhost'}:${broker.port}`;
    jobs.state.registry.endpoints.jobs = `localhost:${httpPort}`;
    const paths = { caPath, credentialsPath, credentials, consoleUrl: admin.consoleUrl(httpPort) };
    return { ...ports, ...paths, call, broker, things, jobs, clock, faults, addThing, close };
  } catch (error) {
    jobs.close();
    await Promise.all([broker.close(), artifacts.close()]);
    // It has logged why, should it fail too.
    await persistence.close().catch(() => undefined);
    throw error;
  }
}

/** A certificate that is not ACTIVE any more loses its connections. */
function withDisconnects(call: JobCloud['call'], broker: Broker): JobCloud['call'] {
  return async (operation, input) => {
    const answer = await call(operation, input);
    if (operation === 'UpdateCertificate' || operation === 'DeleteCertificate') broker.disconnectInactive();
    return answer;
  };
}

interface RestParts {
  readonly folder: DataFolder;
  readonly jobs: RunningService;
  readonly call: JobCloud['call'];
  readonly extra: Admin['handle'];
  readonly faults: FaultDraw;
}

/** What speaks HTTP: AWS's REST API, and the port for devices where one is asked for. */
async function openRestFaces(options: JobCloudOptions, parts: RestParts): Promise<RestFaces> {
  const { host, log, dataDir, httpPort, jobsDataPort } = options;
  const { jobs, extra, faults } = parts;
  const data = withRestFaults({ model: IOT_JOBS_DATA, faults }, jobs.data);
  const { authority, keyPairs } = parts.folder;
  const rest = {
    host,
    port: httpPort,
    log,
    keyPairs: options.auth === false ? null : keyPairs,
    policies: await readIamPolicies({ dataDir, file: options.iamPolicies }, keyPairs),
    control: withRestFaults({ model: IOT, faults }, parts.call),
    data,
    extra,
  };
  if (jobsDataPort === undefined) return startRestFaces({ rest, jobsData: undefined });
  const jobsData = {
    host,
    port: jobsDataPort,
    log,
    caPem: authority.certPem,
    server: await issueServerCertificate(authority, hostNames(host)),
    principalOf: (fingerprint: string, thingName?: string) => principalOf(jobs.state, fingerprint, thingName),
    data,
  };
  return startRestFaces({ rest, jobsData });
}

interface DevicePlane {
  readonly broker: Broker;
  readonly jobs: RunningService;
}

interface DevicePlaneParts {
  readonly authority: Identity;
  readonly server: Identity;
  readonly clock: TurnableClock;
  /** Closed when the broker cannot start. */
  readonly artifacts: Artifacts;
  readonly faults: FaultDraw;
  readonly persistence: Persistence;
}

/** The Jobs service with the broker it speaks through, and what goes wrong between them. */
async function startDevicePlane(options: JobCloudOptions, parts: DevicePlaneParts): Promise<DevicePlane> {
  const { host, log, substitutionRules, serviceOptions } = options;
  const { authority, server, clock, artifacts, faults, persistence } = parts;
  const connections = trackConnections((fingerprint, thingName) =>
    principalOf(jobs.state, fingerprint)?.things.includes(thingName),
  );
  const jobs = runJobsService({
    now: clock.now,
    documents: { presign: artifacts.presign, ...(substitutionRules && { substitutionRules }) },
    ...(serviceOptions && { serviceOptions }),
    restore: persistence.restore,
    onServed: persistence.touched,
    notify: (notification) => plane.notify(notification),
    onFault: (err, { thingName, topic }) => log.error({ err, thingName, topic }, 'device request met a fault of ours'),
  });
  const plane = createFaultyDevicePlane({
    faults,
    connections,
    now: clock.now,
    serve: jobs.device,
    onAnswer: (request, answer) => observe(options, request, answer),
    sendNotification: ({ thingName, topic, message }) => {
      log.debug({ thingName, topic }, 'notification sent');
      broker.notify(topic, encodeMessage(message));
    },
  });
  const onRequest: BrokerOptions['onRequest'] = (request, send) => {
    plane.request(request, (answer) => send(answer.topic, encodeMessage(answer.message)));
  };
  const starting = options.broker
    ? joinBroker({ address: options.broker, log, onRequest })
    : startBroker({
        host,
        port: options.mqttPort,
        caPem: authority.certPem,
        server,
        log,
        now: clock.now,
        principalOf: (fingerprint, thingName) => principalOf(jobs.state, fingerprint, thingName),
        attributesOf: (thingName) => jobs.state.registry.thingRecords.get(thingName)?.attributes ?? {},
        onConnection: connections.add,
        onRequest,
      });
  const broker = await starting.catch(async (error: unknown) => {
    await artifacts.close();
    throw error;
  });
  clock.onTurned(jobs.tick);
  persistence.keep(jobs.state, clock);
  // What came due while nothing ran.
  jobs.tick();
  const close = async () => {
    plane.close();
    await broker.close();
  };
  return { broker: { ...broker, close }, jobs };
}

async function openFaults({ log, broker, faultsFile }: JobCloudOptions): Promise<FaultControl & FaultDraw> {
  const settings = faultsFile === undefined ? undefined : await readFaultFile(faultsFile);
  return createFaultControl({ log, settings, mayBreakConnections: broker === undefined });
}

function observe(options: JobCloudOptions, request: DeviceRequest, answer: DeviceAnswer): void {
  const { operation, accepted, code } = answer;
  const { thingName, topic, payload } = request;
  options.log.debug({ thingName, operation, topic, accepted, code }, 'device request answered');
  options.onDeviceRequest?.({ thingName, operation, topic, payload, accepted, answer });
}

/** What clients call this machine. */
function hostNames(host: string): readonly string[] {
  return [...new Set(['localhost', '127.0.0.1', '::1', host])];
}

function requireThingName(thingName: string): void {
  if (THING_NAME.test(thingName)) return;
  throw new Error(`Thing name '${thingName}' must be 1 to 128 characters of [a-zA-Z0-9:_-]`);
}
