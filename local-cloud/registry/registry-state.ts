/**
 * What AWS IoT knows beside jobs: thing groups, certificates, policies, tags. Plain data; times are milliseconds since
 * the epoch, given by the caller. Things themselves are in `jobs-service/state.ts`, because each has a queue.
 */

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
  readonly createdAtMs: number;
  lastModifiedAtMs: number;
  status: CertificateStatus;
  /** Names of the things it is attached to. */
  readonly things: Set<string>;
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

export interface Registry {
  readonly groups: Map<string, ThingGroup>;
  /** By certificateId. */
  readonly certificates: Map<string, Certificate>;
  readonly policies: Map<string, Policy>;
  /** Policies attached to thing groups, by the group's ARN. */
  readonly groupPolicies: Map<string, Set<string>>;
  /** By the ARN of what they are on: key to value. */
  readonly tags: Map<string, Map<string, string>>;
}

export function emptyRegistry(): Registry {
  return {
    groups: new Map(),
    certificates: new Map(),
    policies: new Map(),
    groupPolicies: new Map(),
    tags: new Map(),
  };
}
