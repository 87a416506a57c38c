/**
 * A configuration of the AWS IoT Device Client as settings of ours
 * (https://github.com/awslabs/aws-iot-device-client: config-template.json, docs/CONFIG.md, source/config/Config.cpp). What
 * has no counterpart is told, never dropped without a word.
 */
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../core/json.ts';
import { type ImportedSettings, isPlaceholder, type Surroundings } from './imported-settings.ts';

/** `DEFAULT_JOBS_HANDLER_DIR` in source/jobs/JobsFeature.h. */
const DEFAULT_HANDLERS_DIR = '~/.aws-iot-device-client/jobs';

const LOG_LEVELS: Readonly<Record<string, string>> = { DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' };

const READ: ReadonlySet<string> = new Set(['thing-name', 'endpoint', 'cert', 'key', 'root-ca', 'logging', 'jobs']);

/** Whether it is one, however little it has. */
export function isDeviceClientFile(file: JsonObject): boolean {
  const names = [...READ, 'fleet-provisioning', 'secure-element', 'tunneling', 'device-defender'];
  return names.some((name) => Object.hasOwn(file, name));
}

/** Which thing and certificate it has, where fleet provisioning gave it them: `aws-iot-device-client-runtime.conf`. */
export type RuntimeConfig = JsonObject | undefined;

/** @param runtime what lies beside the file, if it does. */
export function deviceClientSettings(
  file: JsonObject,
  runtime: RuntimeConfig,
  surroundings: Surroundings,
): ImportedSettings {
  const values: Record<string, JsonValue> = {};
  const notes: string[] = [];
  const problems: string[] = [];
  const identity = identityOf(file, runtime, problems);
  const path = (from: JsonObject, name: string) => {
    const value = textOf(from, name, problems);
    return value === undefined ? undefined : surroundings.absolutePath(value, name, notes);
  };
  const needed = (value: string | undefined, name: string) => {
    if (value === undefined && !problems.some((problem) => problem.startsWith(`${name}:`))) {
      problems.push(`${name}: is not given`);
    }
    return value ?? null;
  };
  values.thingName = needed(textOf(identity, 'thing-name', problems), 'thing-name');
  values.endpoint = needed(textOf(file, 'endpoint', problems), 'endpoint');
  values.certPath = needed(path(identity, 'cert'), 'cert');
  values.keyPath = isOn(section(file, 'secure-element')) ? null : needed(path(identity, 'key'), 'key');
  values.caPath = path(file, 'root-ca') ?? systemAuthorities(surroundings, notes, problems);
  values.handlersDir =
    path(section(file, 'jobs'), 'handler-directory') ??
    surroundings.absolutePath(DEFAULT_HANDLERS_DIR, 'jobs.handler-directory', notes);
  readLogging(section(file, 'logging'), { values, notes, problems });
  if (isOn(section(file, 'secure-element'))) {
    problems.push('secure-element: the private key is in hardware (PKCS#11), and this agent needs it in a file');
  }
  notes.push(...withoutCounterpart(file), ...whatChanges(file), ...betterLeftOut(values.handlersDir, surroundings));
  return { values: withoutNothing(values), notes, problems };
}

/** @param proxy `http-proxy.conf` beside the file (docs/HTTP_PROXY.md), if it is there. */
export function withProxy(imported: ImportedSettings, proxy: JsonObject | undefined): ImportedSettings {
  if (proxy === undefined || ownMember(proxy, 'http-proxy-enabled') !== true) return imported;
  const [host, port, user] = ['host', 'port', 'username'].map((name) => ownMember(proxy, `http-proxy-${name}`));
  const notes = [
    'http-proxy.conf: files come and go through the proxy (httpsProxy), but not MQTT: AWS IoT must be reachable without it',
    ...(user === undefined ? [] : ['http-proxy.conf: write user and password into httpsProxy, and chmod 600 the file']),
  ];
  const httpsProxy = `http://${String(host)}:${String(port)}`;
  return { ...imported, values: { ...imported.values, httpsProxy }, notes: [...imported.notes, ...notes] };
}

/** After fleet provisioning `cert` and `key` of the file are those of the claim, and another file has the thing's own. */
function identityOf(file: JsonObject, runtime: RuntimeConfig, problems: string[]): JsonObject {
  if (!isOn(section(file, 'fleet-provisioning'))) return file;
  const own = runtime === undefined ? {} : section(runtime, 'runtime-config');
  if (ownMember(own, 'completed-fp') === true) return own;
  problems.push(
    'fleet-provisioning: is on, and no aws-iot-device-client-runtime.conf beside the file says that it is done: ' +
      'let the Device Client provision the thing first, this agent does not',
  );
  return file;
}

/** Without `root-ca` the Device Client trusts what the system trusts. */
function systemAuthorities(surroundings: Surroundings, notes: string[], problems: string[]): JsonValue {
  const found = SYSTEM_AUTHORITIES.find(surroundings.isThere);
  if (found === undefined) problems.push('root-ca: is not given, and the system has no file of authorities to trust');
  else notes.push(`root-ca: is not given; caPath is the file of authorities that the system trusts, ${found}`);
  return found ?? null;
}

/** Debian, Fedora, and Alpine and OpenWrt, in that order. */
const SYSTEM_AUTHORITIES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
] as const;

interface Import {
  readonly values: Record<string, JsonValue>;
  readonly notes: string[];
  readonly problems: string[];
}

function readLogging(logging: JsonObject, { values, notes, problems }: Import): void {
  const level = textOf(logging, 'level', problems);
  const known = level === undefined ? undefined : LOG_LEVELS[level.toUpperCase()];
  if (known !== undefined) values.logLevel = known;
  else if (level !== undefined)
    problems.push(`logging.level: expected DEBUG, INFO, WARN or ERROR, got ${shown(level)}`);
  if (ownMember(logging, 'type') !== undefined || ownMember(logging, 'file') !== undefined) {
    notes.push('logging.type, logging.file: the log goes to stdout, and under systemd into its journal: journalctl');
  }
  if (ownMember(logging, 'enable-sdk-logging') === true) {
    notes.push('logging.enable-sdk-logging: there is no such log; logLevel debug and trace show the connection');
  }
}

interface Feature {
  /** What the Device Client does where the file says nothing. */
  readonly byDefault: boolean;
  readonly means: string;
}

const BESIDE =
  'keep the Device Client for it, with jobs off, and with another client id: two connections with one id push each other out';

const FEATURES: Readonly<Record<string, Feature>> = {
  tunneling: { byDefault: true, means: `secure tunneling is nothing that this agent does; ${BESIDE}` },
  'device-defender': { byDefault: false, means: `metrics for Device Defender are not sent; ${BESIDE}` },
  'fleet-provisioning': { byDefault: false, means: 'what it provisioned is taken over; this agent provisions nothing' },
  'config-shadow': { byDefault: false, means: 'settings come from the file alone, not from a shadow' },
  'sample-shadow': { byDefault: false, means: 'is a sample; this agent has no shadow' },
};

function withoutCounterpart(file: JsonObject): readonly string[] {
  const notes: string[] = [];
  for (const name of Object.keys(file)) {
    if (READ.has(name) || Object.hasOwn(FEATURES, name) || Object.hasOwn(OTHERS, name)) continue;
    notes.push(`${name}: nothing that is known of the Device Client; passed over`);
  }
  for (const [name, { byDefault, means }] of Object.entries(FEATURES)) {
    if (isOn(section(file, name), byDefault)) notes.push(`${name}: ${means}`);
  }
  for (const [name, tell] of Object.entries(OTHERS)) {
    const told = ownMember(file, name) === undefined ? undefined : tell(section(file, name));
    if (told !== undefined) notes.push(`${name}: ${told}`);
  }
  return notes;
}

const OTHERS: Readonly<Record<string, (value: JsonObject) => string | undefined>> = {
  samples: (samples) =>
    isOn(section(samples, 'pub-sub')) ? 'pub-sub is a sample; this agent publishes nothing but jobs' : undefined,
  'sensor-publish': () => `sensors are not read; ${BESIDE}`,
  'clean-session': () => 'makes no difference here: after each connection the agent subscribes and asks for jobs anew',
  'secure-element': () => undefined,
  'runtime-config': () => undefined,
};

/** What a fleet meets that worked with the Device Client. */
function whatChanges(file: JsonObject): readonly string[] {
  return [
    ...(isOn(section(file, 'jobs'), true) ? [] : ['jobs.enabled: the Device Client took no jobs; this agent does']),
    'runAsUsers: name the users that documents give as runAsUser; the Device Client takes any, this agent those only',
    'handlerPaths: name the folders that documents give as path besides the handler directory',
  ];
}

/** Sample handlers of the Device Client that count on running under it, and that an operation stands in for. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'reboot.sh': 'ends before the gateway restarts, which proves nothing, and with a user it ends in failure',
  'restart-services.sh': 'fails where no process is called aws-iot-device-client',
};

function betterLeftOut(handlersDir: JsonValue, { isThere }: Surroundings): readonly string[] {
  return Object.entries(LEFT_OUT)
    .filter(([name]) => isThere(join(String(handlersDir), name)))
    .map(([name, why]) => `${name}: ${why}; move it out of handlersDir, and this agent does it by itself`);
}

function section(file: JsonObject, name: string): JsonObject {
  const value = ownMember(file, name);
  return isJsonObject(value) ? value : {};
}

function isOn(feature: JsonObject, byDefault = false): boolean {
  const enabled = ownMember(feature, 'enabled');
  return typeof enabled === 'boolean' ? enabled : byDefault;
}

/** Empty is nothing, as there. */
function textOf(from: JsonObject, name: string, problems: string[]): string | undefined {
  const value = ownMember(from, name);
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') problems.push(`${name}: expected a string`);
  else if (isPlaceholder(value)) problems.push(`${name}: still is ${shown(value)} of the template`);
  else return value;
  return undefined;
}

function shown(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}

function withoutNothing(values: Readonly<Record<string, JsonValue>>): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
