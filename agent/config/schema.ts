/**
 * Every setting of the agent, declared once. The type, the checks, `config.example.json` and `docs/settings.md` all come
 * from here. `expected` is what an error message says was wanted, `path` marks a setting that names a file or
 * folder, and `defaultsTo` names the setting whose value is taken.
 */
import { type Static, Type } from 'typebox';

/** Resolved: defaults filled in, every path absolute, frozen. */
export type Config = Readonly<Required<Static<typeof settingsSchema>>>;
export type SettingName = keyof Config;

/** JSON Schema keywords of our own; the validator has to be told of them. */
export const SETTING_KEYWORDS: readonly string[] = ['expected', 'path', 'defaultsTo'];

const HOST_LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
/** RFC 1123 host name or IPv4 address, at most 253 characters. Underscores as container networks have them. */
const HOST = `(?=.{1,253}$)${HOST_LABEL}(?:\\.${HOST_LABEL})*`;
/** RFC 3986, section 3.2.1. */
const USER_INFO = "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+";
const GIB = 1024 ** 3;

export const settingsSchema = Type.Object({
  thingName: Type.String({
    description: 'Name of this gateway in AWS IoT. Its jobs are the ones the agent takes.',
    pattern: '^[a-zA-Z0-9:_-]{1,128}$', // AWS IoT API Reference, CreateThing
    expected: '1 to 128 letters, digits, colons, underscores or hyphens',
    examples: ['gateway-1'],
  }),
  endpoint: Type.String({
    description: 'Host name of the AWS IoT data endpoint (`aws iot describe-endpoint --endpoint-type iot:Data-ATS`).',
    pattern: `^${HOST}$`,
    expected: 'a host name only, without https:// before it and without a port or path after it',
    examples: ['a1b2c3d4e5f6g7-ats.iot.us-east-1.amazonaws.com'],
  }),
  port: Type.Integer({
    description: 'TCP port of the MQTT endpoint.',
    default: 8883,
    minimum: 1,
    maximum: 65_535,
  }),
  certPath: file('X.509 certificate of the thing, PEM.', 'certificate.pem'),
  keyPath: file('Private key of the certificate, PEM. Nobody but its owner may have access to it.', 'private.key'),
  caPath: file('Certificates of the authorities that may have signed the endpoint’s certificate, PEM.', 'ca.pem'),
  clientId: Type.Optional(
    Type.String({
      description: 'MQTT client id. Two connections with one id push each other out.',
      pattern: '^[^\\u0000-\\u001f\\u007f]{1,128}$', // AWS General Reference, IoT Core quotas: 128 bytes
      expected: '1 to 128 characters',
      defaultsTo: 'thingName',
      examples: ['gateway-1'],
    }),
  ),
  transport: Type.Enum(['mqtt', 'aws-crt'], {
    description: 'MQTT library: `mqtt` (MQTT.js), or `aws-crt` (needs the package aws-iot-device-sdk-v2 installed).',
    default: 'mqtt',
  }),
  keepAliveSeconds: Type.Integer({
    description:
      'MQTT keep-alive. A dead connection is noticed after one and a half of it. AWS IoT takes less than 30 as 30.',
    default: 60,
    minimum: 5,
    maximum: 1200, // AWS General Reference, IoT Core quotas: 30 to 1,200 s; brokers for development take less
  }),
  connectTimeoutSeconds: Type.Integer({
    description: 'Time limit for one attempt to connect: name lookup, TCP, TLS and MQTT together.',
    default: 30,
    minimum: 1,
    maximum: 300,
  }),
  requestTimeoutSeconds: Type.Integer({
    description: 'How long the agent waits for the answer to a request before it asks again.',
    default: 10,
    minimum: 1,
    maximum: 300,
  }),
  pollIntervalSeconds: Type.Integer({
    description: 'How often the agent asks for pending jobs even when no notification came.',
    default: 900,
    minimum: 1,
    maximum: 86_400,
  }),
  progressIntervalSeconds: Type.Integer({
    description: 'Shortest time between two progress reports of one job; in between only the latest is kept.',
    default: 10,
    minimum: 1,
    maximum: 3600,
  }),
  stateDir: folder(
    'What must survive a restart: the journal and the folders of running jobs.',
    '/var/lib/iot-job-agent',
  ),
  runtimeDir: folder(
    'What need not: the local API’s socket `agent.sock`, and files of running jobs.',
    '/run/iot-job-agent',
  ),
  handlersDir: folder('Executables and modules that do operations of your own.', '/etc/iot-job-agent/handlers'),
  handlerPaths: Type.Array(Type.String({ minLength: 1, expected: 'a path' }), {
    description: 'More folders that a document may name in `path` as the AWS IoT Device Client allows it.',
    default: [],
    uniqueItems: true,
    path: true,
    examples: [['/opt/vendor/job-handlers']],
  }),
  maxConcurrentJobs: Type.Integer({
    description: 'How many jobs may run at the same time. A handler that has to be alone, such as `reboot`, is.',
    default: 1,
    minimum: 1,
    maximum: 9, // GetPendingJobExecutions lists ten, those in progress first: with ten nothing queued is seen
  }),
  stepTimeoutMinutes: Type.Integer({
    description:
      'AWS IoT ends a job as TIMED_OUT that it has not heard of for this long; a third of it apart the agent tells that ' +
      'the handler lives. 0: it does not, and a job on a gateway that died stays IN_PROGRESS. An outage of the network ' +
      'longer than this turns a good result into TIMED_OUT: set it to the longest outage that is to be tolerated.',
    default: 0,
    minimum: 0,
    maximum: 10_080, // Developer Guide, StartNextPendingJobExecution: seven days
  }),
  rebootCommand: Type.Array(Type.String({ minLength: 1, expected: 'a program or an argument' }), {
    description: 'Program and arguments that restart the gateway, for jobs that ask for it.',
    default: ['systemctl', 'reboot'],
    minItems: 1,
    examples: [['/sbin/reboot']],
  }),
  shutdownCommand: Type.Array(Type.String({ minLength: 1, expected: 'a program or an argument' }), {
    description: 'Program and arguments that power the gateway off, for jobs that ask for it.',
    default: ['systemctl', 'poweroff'],
    minItems: 1,
    examples: [['/sbin/poweroff']],
  }),
  unknownOperation: Type.Enum(['reject', 'leave'], {
    description:
      'An operation without a handler: `reject` the job, or `leave` it queued for another agent of the thing.',
    default: 'reject',
  }),
  runAsUsers: Type.Array(
    Type.String({
      pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$', // useradd(8); no wildcard: each user is named
      expected: 'the name of a user ("*" is not allowed: name each one)',
    }),
    {
      description: 'Users that a document may ask a step to run as. Any other is REJECTED.',
      default: [],
      uniqueItems: true,
      examples: [['app']],
    },
  ),
  stopGraceSeconds: Type.Integer({
    description: 'How long a handler may take to end after SIGTERM before it is killed.',
    default: 10,
    minimum: 0,
    maximum: 3600,
  }),
  shutdownMode: Type.Enum(['wait', 'stop'], {
    description: 'When the agent is told to stop while a job runs: `wait` for it first, or `stop` it at once.',
    default: 'wait',
  }),
  shutdownGraceSeconds: Type.Integer({
    description: 'How long `wait` waits. Keep it below `TimeoutStopSec` of the systemd unit.',
    default: 30,
    minimum: 0,
    maximum: 3600,
  }),
  insecureDownloadHosts: Type.Array(
    Type.String({ pattern: `^${HOST}$`, expected: 'a host name without https:// and without a port' }),
    {
      description: 'Hosts from which files may come by `http://`. Everywhere else only `https://` will do.',
      default: [],
      uniqueItems: true,
      examples: [['artifacts.lan']],
    },
  ),
  localDownloadHosts: Type.Array(
    Type.String({ pattern: `^${HOST}$`, expected: 'a host name without https:// and without a port' }),
    {
      description:
        'Hosts from which files may come although they are this machine itself (loopback) or have a link-local address. ' +
        'Those of `insecureDownloadHosts` may anyway. The metadata service of a cloud may never.',
      default: [],
      uniqueItems: true,
      examples: [['localhost']],
    },
  ),
  downloadCaPath: Type.String({
    description:
      'Certificates of authorities that may have signed a file server’s certificate, PEM: a private CA, besides the ' +
      'public ones that are trusted anyway. Empty: only the public ones.',
    expected: 'a path',
    path: true,
    default: '',
    examples: ['artifacts-ca.pem'],
  }),
  httpsProxy: Type.String({
    description:
      'HTTP proxy through which files come and go by `https://`: `http://[USER:PASSWORD@]HOST:PORT`, special characters ' +
      'of user and password as in URLs (`%40` for `@`). MQTT does not pass it, nor do `http://` and hosts of ' +
      '`localDownloadHosts`. The proxy variables of the environment (`https_proxy`) are not looked at. Empty: none.',
    pattern: `^(?:http://(?:${USER_INFO}(?::${USER_INFO})?@)?(?:${HOST}|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?/?)?$`,
    expected: 'http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT',
    writeOnly: true,
    default: '',
    examples: ['http://proxy.lan:3128'],
  }),
  noProxy: Type.Array(
    Type.String({
      pattern: `^(?:\\.?${HOST}|[0-9A-Fa-f:.]+)$`,
      expected: 'a host name or an address, without https:// and without a port',
    }),
    {
      description: 'Hosts that are reached without `httpsProxy`, each with every name below it.',
      default: [],
      uniqueItems: true,
      examples: [['artifacts.lan', 'plant.example.com']],
    },
  ),
  artifactKeys: Type.Array(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}=[A-Za-z0-9+/]{40,400}={0,2}$',
      expected: 'NAME=KEY, the key in base64 without line breaks',
    }),
    {
      description:
        'Public keys that may have signed a file, each `NAME=KEY`: ECDSA on P-256 or P-384, or Ed25519, in base64 (what ' +
        'stands between the two lines of a PEM file, in one line), or of minisign (the second line of its `.pub` file).',
      default: [],
      uniqueItems: true,
      examples: [['release-2026=MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=']],
    },
  ),
  unsignedDownloads: Type.Enum(['allowed', 'refused'], {
    description:
      '`refused`: nothing is downloaded that a key of `artifactKeys` has not signed; a document without `signature` and ' +
      '`signatureUrl` is REJECTED.',
    default: 'allowed',
  }),
  uploadFolders: Type.Array(Type.String({ minLength: 1, expected: 'a path' }), {
    description:
      'Folders from which jobs may upload files. Besides them only from the working folder of the job itself.',
    default: ['/var/log'],
    uniqueItems: true,
    path: true,
    examples: [['/var/log', '/var/lib/gateway-app/traces']],
  }),
  allowedCommands: Type.Array(
    Type.String({
      pattern: '^(?:/[^\\s*]+|[^\\s/*-][^\\s/*]*)(?: [^\\s]+)*$',
      expected: 'a program, absolute or a name on PATH, alone or followed by its arguments with single spaces between',
    }),
    {
      description:
        'Argument lists that documents may give, such as to `run-command`; any other is REJECTED. A program alone allows any arguments, one with arguments just these, and `*` in the last place any that ' +
        'follow. Empty: any program. What it does not keep out is in docs/allowed-commands.md.',
      default: [],
      uniqueItems: true,
      examples: [['/usr/bin/systemctl restart *', '/usr/sbin/nginx -t', '/opt/vendor/bin/modem-tool']],
    },
  ),
  applicationsDir: folder(
    'What a relative `workingDirectory` of an application counts from. For the documents of the SDK v1 jobs agent: the folder that it was started in.',
    '/opt/iot-applications',
  ),
  redactPatterns: Type.Array(
    Type.String({ minLength: 1, maxLength: 500, format: 'regex', expected: 'a regular expression of JavaScript' }),
    {
      description:
        'Regular expressions of JavaScript. What they match is left out of the logs that `collect-logs` takes, as keys, ' +
        'tokens and passwords are anyway.',
      default: [],
      uniqueItems: true,
      examples: [['IMEI \\d{15}']],
    },
  ),
  maxDownloadBytes: Type.Integer({
    description: 'No file larger than this is downloaded.',
    default: 4 * GIB,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  logLevel: Type.Enum(['trace', 'debug', 'info', 'warn', 'error'], {
    description: 'Least severe log lines that are written.',
    default: 'info',
  }),
});

function file(description: string, example: string) {
  return Type.String({ description, minLength: 1, expected: 'a path', path: true, examples: [example] });
}

function folder(description: string, byDefault: string) {
  return Type.String({ description, minLength: 1, expected: 'a path', path: true, default: byDefault });
}
