/** One thing that AWS IoT Jobs does, as a row of docs/conformance.md: what says so, and what holds the local cloud to it. */
import type { ServiceOptions } from '../../local-cloud/jobs-service/service-options.ts';
import type { TestLink } from '../../scripts/docs/test-link.ts';

/**
 * How well it is known: AWS's guides, API reference or models say it; output that AWS published shows it; somebody else
 * says they saw it; it is the best reading of the evidence; or nobody says, and the local cloud had to choose.
 */
export const MARKS = ['documented', 'seen on the wire', 'third party', 'inferred', 'unknown'] as const;
export type Mark = (typeof MARKS)[number];

export interface Statement {
  /** Never used for another statement; cases name it. */
  readonly id: string;
  readonly says: string;
  readonly mark: Mark;
  /** The page of AWS's, or whose capture it is. */
  readonly source: string;
  /** Tests elsewhere that hold it, beside the cases that name its id. */
  readonly tests: readonly TestLink[];
  /** The switch of the local cloud that chooses otherwise. */
  readonly option?: keyof ServiceOptions;
  /** Why nothing here could hold it, for the few that are of another's making (a bill, a quota nobody states). */
  readonly outside?: string;
}

type Row = (id: string, source: string, says: string, ...tests: readonly TestLink[]) => Statement;

function rowsMarked(mark: Mark): Row {
  return (id, source, says, ...tests) => ({ id, says, mark, source, tests });
}

export const documented = rowsMarked('documented');
export const seen = rowsMarked('seen on the wire');
export const thirdParty = rowsMarked('third party');
export const inferred = rowsMarked('inferred');
/** `says` ends with what the local cloud does, and the switch where there is one. */
export const unknown = rowsMarked('unknown');

/** For what the local cloud can be told to do otherwise (`ServiceOptions`). */
export function switchedBy(option: keyof ServiceOptions, statement: Statement): Statement {
  return { ...statement, option };
}

/** For statements about what lies outside a cloud on one machine. */
export function notOurs(statement: Statement, outside: string): Statement {
  return { ...statement, outside };
}

/** Pages by the names they have at AWS. */
export const PAGE = {
  mqttApi: 'Developer Guide, Jobs device MQTT API operations',
  dataTypes: 'Developer Guide, Jobs device data types',
  errors: 'Developer Guide, Jobs API: ErrorResponse',
  notifications: 'Developer Guide, Jobs notifications',
  topics: 'Developer Guide, Reserved topics',
  lifecycle: 'Developer Guide, Jobs and job execution states',
  workflow: 'Developer Guide, Jobs device workflow',
  programming: 'Developer Guide, Jobs workflow online',
  configurations: 'Developer Guide, How job configurations work',
  configurationApi: 'Developer Guide, Specify job configurations',
  management: 'Developer Guide, Jobs management and control API',
  commandLine: 'Developer Guide, Create and manage jobs by the command line',
  devices: 'Developer Guide, Devices and jobs',
  limits: 'Developer Guide, Job limits',
  limits2019: 'Developer Guide, AWS IoT limits (2019)',
  troubleshooting: 'Developer Guide, Jobs troubleshooting',
  packageTroubleshooting: 'Developer Guide, Software Package Catalog troubleshooting',
  presignedUrls: 'Developer Guide, Create and manage jobs',
  packages: 'Developer Guide, Preparing jobs for the Software Package Catalog',
  templates: 'Developer Guide, Managed job templates',
  events: 'Developer Guide, Job events',
  controlApi: 'API reference, AWS IoT',
  dataApi: 'API reference, AWS IoT Jobs Data',
} as const;

/** Output that AWS published, and its clients' code. */
export const CAPTURE = {
  jsSample: 'aws-iot-device-sdk-js-v2, output of its jobs sample',
  jsTest: 'aws-iot-device-sdk-js-v2, integration test of its jobs client',
  jsClient: 'aws-iot-device-sdk-js-v2, jobs client',
  cppIssue: 'aws-iot-device-sdk-cpp-v2, issue 95',
  jobsAgent: 'aws-iot-device-sdk 2.2.16, its jobs agent',
  embeddedC: 'aws-iot-device-sdk-embedded-C, jobs demo',
  deviceClient: 'aws-iot-device-client, jobs feature',
  greengrass: 'aws-greengrass-nucleus, jobs helper',
  thirdParty: 'a capture of a third party',
  clients: 'AWS’s SDKs and command line, run against a server of ours',
  reading: 'our reading of all of them',
} as const;
