/**
 * What AWS IoT knows beside jobs: thing groups, certificates, policies, tags. Plain data; times are milliseconds since
 * the epoch, given by the caller. Things themselves are in `jobs-service/state.ts`, because each has a queue.
 */
import type { JobTemplate } from '../templates/job-template.ts';

/** What the registry holds about a thing, beside its queue. */
export interface ThingRecord {
  readonly thingId: string;
  /** Undefined for a thing that nobody made with CreateThing. */
  readonly createdAtMs: number | undefined;
  attributes: Readonly<Record<string, string>>;
  /** Grows with every UpdateThing, from 1. */
  version: number;
}

export interface ThingGroup {
  readonly thingGroupName: string;
  readonly thingGroupArn: string;
  readonly thingGroupId: string;
  readonly parentGroupName: string | undefined;
  readonly createdAtMs: number;
  description: string | undefined;
  attributes: Readonly<Record<string, string>>;
  /** Grows with every UpdateThingGroup, from 1. */
  version: number;
  /** Names of its members, in the order they joined. Those of child groups are not among them. */
  readonly things: Set<string>;
}

/** AWS's names of the states that a certificate is in here. */
export type CertificateStatus = 'ACTIVE' | 'INACTIVE' | 'REVOKED';

export interface Certificate {
  /** SHA-256 over its DER form, as lower-case hex: AWS makes its certificate ids so. */
  readonly certificateId: string;
  readonly certificateArn: string;
  readonly certificatePem: string;
  /** `SNI_ONLY` where it was registered without its CA. */
  readonly certificateMode: 'DEFAULT' | 'SNI_ONLY';
  readonly createdAtMs: number;
  lastModifiedAtMs: number;
  status: CertificateStatus;
  /** Names of the things it is attached to. */
  readonly things: Set<string>;
  /** It was attached as EXCLUSIVE_THING: no second thing may have it. */
  isExclusive: boolean;
  /** Names of the policies attached to it. */
  readonly policies: Set<string>;
}

export interface Policy {
  readonly policyName: string;
  readonly policyArn: string;
  /** JSON, as it was given. */
  readonly policyDocument: string;
  readonly createdAtMs: number;
}

/** Host names with ports, as DescribeEndpoint gives them; whoever starts the servers sets them. */
export interface Endpoints {
  /** MQTT over TLS. */
  data: string | undefined;
  /** `iot-jobs-data` over HTTP. */
  jobs: string | undefined;
}

/** Which event topics are published to: `JOB`, `JOB_EXECUTION` and AWS's other event types. */
export interface EventConfigurations {
  readonly enabled: Set<string>;
  createdAtMs: number | undefined;
  lastModifiedAtMs: number | undefined;
}

export interface Registry {
  /** By thingName. A thing that has no entry is described by `thingRecordOf`. */
  readonly thingRecords: Map<string, ThingRecord>;
  readonly groups: Map<string, ThingGroup>;
  /** By certificateId. */
  readonly certificates: Map<string, Certificate>;
  readonly policies: Map<string, Policy>;
  /** Policies attached to thing groups, by the group's ARN. */
  readonly groupPolicies: Map<string, Set<string>>;
  /** By the ARN of what they are on: key to value. */
  readonly tags: Map<string, Map<string, string>>;
  /** An operator's own, by jobTemplateId. */
  readonly jobTemplates: Map<string, JobTemplate>;
  readonly eventConfigurations: EventConfigurations;
  readonly endpoints: Endpoints;
}

export function emptyRegistry(): Registry {
  return {
    thingRecords: new Map(),
    groups: new Map(),
    certificates: new Map(),
    policies: new Map(),
    groupPolicies: new Map(),
    tags: new Map(),
    jobTemplates: new Map(),
    eventConfigurations: { enabled: new Set(), createdAtMs: undefined, lastModifiedAtMs: undefined },
    endpoints: { data: undefined, jobs: undefined },
  };
}
