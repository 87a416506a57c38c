/** Who is behind a client certificate: what the broker and the mutual-TLS port decide by. */
import type { JobsState } from '../jobs-service/state.ts';
import { inheritedPolicies } from './policy-targets.ts';
import type { Certificate } from './registry-state.ts';

export interface Principal {
  /** ACTIVE, INACTIVE or REVOKED: only an ACTIVE one may connect (API reference, UpdateCertificate). */
  readonly certificate: Certificate;
  /** Names of the things it is attached to, first attached first. */
  readonly things: readonly string[];
  /**
   * JSON texts of the policies that hold for it: its own, and those of the thing groups (with their parents) that a thing
   * of its is in (Developer Guide, "Thing groups": "Attaching a policy to a thing group").
   */
  readonly policyDocuments: readonly string[];
}

/**
 * The principal of a certificate, or undefined where none is registered with that fingerprint.
 * @param fingerprint SHA-256 over the certificate's DER form, as lower-case hex.
 * @param thingName Counts the groups of that thing only, where it is one of the principal's; of all its things unless given.
 */
export function principalOf(state: JobsState, fingerprint: string, thingName?: string): Principal | undefined {
  const { certificates, policies } = state.registry;
  const certificate = certificates.get(fingerprint);
  if (!certificate) return undefined;
  const things = [...certificate.things];
  const counted = thingName === undefined ? things : things.filter((name) => name === thingName);
  const names = new Set(certificate.policies);
  for (const group of state.registry.groups.values()) {
    if (!counted.some((name) => group.things.has(name))) continue;
    for (const policyName of inheritedPolicies(state, group)) names.add(policyName);
  }
  const policyDocuments = [...names].flatMap((name) => policies.get(name)?.policyDocument ?? []);
  return { certificate, things, policyDocuments };
}
