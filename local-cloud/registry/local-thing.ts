/** A thing that `--thing` or the admin API made: its certificate comes from the data folder, not from an operation. */
import type { JobsState } from '../jobs-service/state.ts';
import { registerThing } from '../jobs-service/state.ts';
import { addCertificate } from './certificate-record.ts';
import { DEFAULT_POLICY_DOCUMENT, DEFAULT_POLICY_NAME } from './default-policy.ts';
import { resourceArn } from './resource-names.ts';

/**
 * Makes the thing known with its certificate: ACTIVE, attached to it, with the policy `job-cloud-default`. A certificate
 * that is known already stays as the operators left it, revoked ones too.
 */
export function adoptLocalThing(
  state: JobsState,
  thing: { readonly thingName: string; readonly certificatePem: string },
  nowMs: number,
): void {
  const { policies } = state.registry;
  registerThing(state, thing.thingName);
  const { certificate, isNew } = addCertificate(
    state,
    { certificatePem: thing.certificatePem, status: 'ACTIVE', certificateMode: 'DEFAULT' },
    nowMs,
  );
  if (!isNew) return;
  if (!policies.has(DEFAULT_POLICY_NAME)) {
    policies.set(DEFAULT_POLICY_NAME, {
      policyName: DEFAULT_POLICY_NAME,
      policyArn: resourceArn('policy', DEFAULT_POLICY_NAME),
      policyDocument: DEFAULT_POLICY_DOCUMENT,
      createdAtMs: nowMs,
    });
  }
  certificate.things.add(thing.thingName);
  certificate.policies.add(DEFAULT_POLICY_NAME);
}
