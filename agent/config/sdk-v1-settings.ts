/**
 * The arguments of the jobs agent of the AWS IoT Device SDK for JavaScript v1 as settings of ours, and its configuration
 * file (https://github.com/aws/aws-iot-device-sdk-js: examples/lib/cmdline.js).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isJsonObject, type JsonObject, type JsonValue, ownMember } from '../core/json.ts';
import { ConfigError } from './config-error.ts';
import { type ImportedSettings, isPlaceholder, type Surroundings } from './imported-settings.ts';

const OPTIONS = {
  'client-id': { type: 'string', short: 'i' },
  'host-name': { type: 'string', short: 'H' },
  port: { type: 'string', short: 'p' },
  protocol: { type: 'string', short: 'P' },
  'private-key': { type: 'string', short: 'k' },
  'client-certificate': { type: 'string', short: 'c' },
  'ca-certificate': { type: 'string', short: 'a' },
  'certificate-dir': { type: 'string', short: 'f' },
  'configuration-file': { type: 'string', short: 'F' },
  'reconnect-period-ms': { type: 'string', short: 'r' },
  keepalive: { type: 'string', short: 'K' },
  'test-mode': { type: 'string', short: 't' },
  'thing-name': { type: 'string', short: 'T' },
  'delay-ms': { type: 'string', short: 'd' },
  debug: { type: 'boolean', short: 'D' },
} as const;

type Arguments = { readonly [name in keyof typeof OPTIONS]?: string | boolean };

/** @throws ConfigError for what that agent does not know either. */
export function parseSdkV1Arguments(args: readonly string[]): Arguments {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError([`arguments of the SDK’s jobs agent: ${(error as Error).message}`]);
  }
}

export function sdkV1ConfigFile({ 'configuration-file': file }: Arguments): string | undefined {
  return typeof file === 'string' ? file : undefined;
}

/** @param file its members win over the arguments, as there; but those of the command line over its `clientId`. */
export function sdkV1Settings(args: Arguments, file: JsonObject, surroundings: Surroundings): ImportedSettings {
  const notes: string[] = [];
  const problems: string[] = [];
  const given = (member: string, argument: keyof typeof OPTIONS) => {
    const value = ownMember(file, member) ?? args[argument];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string' || !isPlaceholder(value)) return value;
    problems.push(`${member}: still is ${JSON.stringify(value)} of a template`);
    return undefined;
  };
  const folder = args['certificate-dir'];
  const credential = (member: string, argument: keyof typeof OPTIONS, byDefault: string) => {
    const name = String(given(member, argument) ?? byDefault);
    return surroundings.absolutePath(typeof folder === 'string' ? join(folder, name) : name, member, notes);
  };
  const clientId = args['client-id'] ?? ownMember(file, 'clientId');
  const values: Record<string, JsonValue | undefined> = {
    thingName: given('thingName', 'thing-name'),
    endpoint: given('host', 'host-name'),
    port: numberOf(given('port', 'port')),
    certPath: credential('clientCert', 'client-certificate', 'certificate.pem.crt'),
    keyPath: credential('privateKey', 'private-key', 'private.pem.key'),
    caPath: credential('caCert', 'ca-certificate', 'root-CA.crt'),
    clientId: typeof clientId === 'string' && clientId !== '' ? clientId : undefined,
    keepAliveSeconds: numberOf(args.keepalive),
    logLevel: args.debug === true ? 'debug' : undefined,
  };
  if (values.thingName === undefined) problems.push('thing-name: is not given');
  if (values.endpoint === undefined) problems.push('host-name: is not given');
  if ((args.protocol ?? 'mqtts') !== 'mqtts') {
    problems.push('protocol: expected mqtts; this agent connects with a certificate, not over WebSocket with keys');
  }
  notes.push(...notesOf(args, file, clientId));
  return {
    values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
    notes,
    problems,
  };
}

/** Digits as a number; anything else as it is, for the schema to complain of. */
function numberOf(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function notesOf(args: Arguments, file: JsonObject, clientId: JsonValue | undefined): readonly string[] {
  const known = ['host', 'port', 'clientId', 'thingName', 'caCert', 'clientCert', 'privateKey'];
  const without = ['reconnect-period-ms', 'test-mode', 'delay-ms'] as const;
  return [
    ...(typeof clientId === 'string' && clientId !== ''
      ? []
      : ['client-id: was $USER and a number; it is the name of the thing now, which the policy must allow']),
    ...without.filter((name) => args[name] !== undefined).map((name) => `${name}: means nothing here`),
    ...Object.keys(file)
      .filter((name) => !known.includes(name))
      .map((name) => `${name}: means nothing here; passed over`),
    'applicationsDir: set it to the folder that jobs-agent.js was started in, where documents give no absolute workingDirectory',
    'installedPackages.json: is not read; docs/migrating.md says how its packages are taken over',
  ];
}

/** Whether a file is one of those that `--configuration-file` takes. */
export function isSdkV1File(file: JsonValue): boolean {
  return (
    isJsonObject(file) && ['privateKey', 'clientCert', 'thingName', 'host'].some((name) => Object.hasOwn(file, name))
  );
}
