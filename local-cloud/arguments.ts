/** The command line of `job-cloud`. */
import { parseArgs } from 'node:util';
import type { BrokerAddress } from './broker/broker-address.ts';
import { parseBrokerAddress } from './broker/broker-address.ts';
import { THING_NAME } from './jobs-service/validation.ts';

export interface Arguments {
  readonly dataDir: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly jobsDataPort: number;
  readonly artifactsPort: number;
  readonly things: readonly string[];
  readonly host: string;
  /** Whether HTTP requests must be signed. */
  readonly auth: boolean;
  readonly iamPolicies: string | undefined;
  /** A broker that already exists, to be used in place of our own. */
  readonly broker: BrokerAddress | undefined;
  /** Whether the Jobs service's state stays between starts. */
  readonly persist: boolean;
  /** Fault settings, as docs/local-cloud-faults.md explains them. */
  readonly faultsFile: string | undefined;
  /** What AWS leaves open, as docs/local-cloud-options.md explains it. */
  readonly optionsFile: string | undefined;
}

export const USAGE = `Usage: job-cloud [options]

The AWS IoT Jobs service on one machine: an MQTT broker with mutual TLS and AWS's REST API.
For development, tests and demos. In production the engine is AWS IoT Core.

  --data-dir DIR    CA, things and credentials are kept here (default .job-cloud)
  --mqtt-port N     port of the MQTT broker, 0 for any free one (default 8883)
  --broker URL      serve the Jobs MQTT API on a broker that already exists, mqtt://… or mqtts://…, with user and password
                    in the URL where it wants them; --mqtt-port is then not used. See docs/local-cloud-broker.md
  --broker-ca FILE, --broker-cert FILE, --broker-key FILE
                    PEM files for mqtts: the broker's CA (default: the system's), our certificate and its key
  --http-port N     port of the REST API, 0 for any free one (default 8080)
  --jobs-data-port N
                    port of the jobs data plane for devices, with mutual TLS, 0 for any free one
                    (default 8443, and 0 where --http-port is 0)
  --artifacts-port N
                    port of the artifact store, which stands in for S3: DIR/artifacts/BUCKET/KEY over HTTPS (default any
                    free one)
  --thing NAME      make this thing; may be given more than once
  --host ADDR       address to listen on (default 127.0.0.1: this machine only)
  --no-auth         take HTTP requests that are not signed with a key pair of DIR/credentials; on this machine only
  --iam-policies FILE
                    what each key pair may do: {"<access key id>": [<IAM policy document>, ...]}
                    (default DIR/iam.json where it is there; without a file each may do everything)
  --persist         keep jobs, registry, templates, packages and the clock in DIR/jobs-state.json (default: in memory only)
  --faults FILE     what goes wrong on purpose: JSON, as docs/local-cloud-faults.md explains it
  --options FILE    what AWS leaves open, other than by default: JSON, as docs/local-cloud-options.md explains it
  --help            show this

DIR/things/NAME holds the certificate made for a thing, with a config.json that job-agent can start from. Its policy is
job-cloud-default. The MQTT client id must be the thing's name, and topics its own jobs topics, unless other policies are
attached; whatever no policy allows ends the connection.

When everything listens, one line of JSON on stdout says where. Logs go to stderr.
`;

/** What is wrong with the command line, for the person who typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments | 'help' {
  const values = parseOptions(argv);
  if (values.help) return 'help';
  const things = values.thing ?? [];
  const badName = things.find((name) => !THING_NAME.test(name));
  if (badName !== undefined) {
    throw new UsageError(`--thing: '${badName}' is not a thing name; use 1 to 128 characters of a-z A-Z 0-9 : _ -`);
  }
  const auth = !values['no-auth'];
  const iamPolicies = values['iam-policies'];
  if (!auth && !isLoopback(values.host)) {
    throw new UsageError(`--no-auth: with --host ${values.host} anybody on the network could send jobs; leave one out`);
  }
  if (!auth && iamPolicies !== undefined) {
    throw new UsageError('--iam-policies: with --no-auth nobody is known who could be allowed anything; leave one out');
  }
  const httpPort = parsePort('--http-port', values['http-port']);
  const jobsDataPort = values['jobs-data-port'];
  return {
    dataDir: requireValue('--data-dir', values['data-dir']),
    mqttPort: parsePort('--mqtt-port', values['mqtt-port']),
    httpPort,
    jobsDataPort:
      jobsDataPort === undefined ? (httpPort === 0 ? 0 : 8443) : parsePort('--jobs-data-port', jobsDataPort),
    artifactsPort: parsePort('--artifacts-port', values['artifacts-port']),
    things: [...new Set(things)],
    host: requireValue('--host', values.host),
    auth,
    iamPolicies: iamPolicies === undefined ? undefined : requireValue('--iam-policies', iamPolicies),
    broker: parseBroker(values),
    persist: values.persist,
    faultsFile: values.faults === undefined ? undefined : requireValue('--faults', values.faults),
    optionsFile: values.options === undefined ? undefined : requireValue('--options', values.options),
  };
}

function parseBroker(values: ReturnType<typeof parseOptions>): BrokerAddress | undefined {
  const files = { caFile: values['broker-ca'], certFile: values['broker-cert'], keyFile: values['broker-key'] };
  if (values.broker === undefined) {
    if (Object.values(files).every((file) => file === undefined)) return undefined;
    throw new UsageError('--broker-ca, --broker-cert and --broker-key go with --broker');
  }
  try {
    return parseBrokerAddress(values.broker, files);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Only connections from this machine reach such an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function parseOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        'data-dir': { type: 'string', default: '.job-cloud' },
        'mqtt-port': { type: 'string', default: '8883' },
        'http-port': { type: 'string', default: '8080' },
        'artifacts-port': { type: 'string', default: '0' },
        thing: { type: 'string', multiple: true },
        host: { type: 'string', default: '127.0.0.1' },
        'jobs-data-port': { type: 'string' },
        'iam-policies': { type: 'string' },
        broker: { type: 'string' },
        'broker-ca': { type: 'string' },
        'broker-cert': { type: 'string' },
        'broker-key': { type: 'string' },
        persist: { type: 'boolean', default: false },
        faults: { type: 'string' },
        options: { type: 'string' },
        'no-auth': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function requireValue(option: string, value: string): string {
  if (value !== '') return value;
  throw new UsageError(`${option}: a value is needed, an empty one came`);
}

function parsePort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`${option}: a number from 0 to 65535 was expected, '${text}' came`);
}
