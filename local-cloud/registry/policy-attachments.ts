/** Attaches policies to certificates and thing groups (API reference of each operation). */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { answerWith, invalidRequest } from './answers.ts';
import { pageOf } from './pages.ts';
import { existingPolicy, policyReference } from './policies.ts';
import { inheritedPolicies, policyTarget, targetsOf } from './policy-targets.ts';

/** AWS IoT Core quotas: policies attached to a certificate. */
const MAX_POLICIES = 10;

/** One that is attached already stays attached. */
export function attachPolicy(state: JobsState, input: JsonObject): ControlResult {
  const { policyName } = existingPolicy(state, input);
  const { policies } = policyTarget(state, String(input.target));
  if (!policies.has(policyName) && policies.size >= MAX_POLICIES) {
    const message = `${input.target} has ${MAX_POLICIES} policies attached, which is the most`;
    throw new ControlError('LimitExceededException', message);
  }
  policies.add(policyName);
  return answerWith({});
}

/** One that is not attached is no error. DetachPolicy's model has no ResourceNotFoundException. */
export function detachPolicy(state: JobsState, input: JsonObject): ControlResult {
  try {
    const { policyName } = existingPolicy(state, input);
    policyTarget(state, String(input.target)).policies.delete(policyName);
  } catch (error) {
    if (error instanceof ControlError && error.name === 'ResourceNotFoundException')
      throw invalidRequest(error.message);
    throw error;
  }
  return answerWith({});
}

/** With `recursive`, those that a thing group inherits too. */
export function listAttachedPolicies(state: JobsState, input: JsonObject): ControlResult {
  const { policies, group } = policyTarget(state, String(input.target));
  const names = group && input.recursive === true ? inheritedPolicies(state, group) : policies;
  const attached = [...names].flatMap((name) => state.registry.policies.get(name) ?? []);
  const { items, next } = pageOf(attached, input, { keyOf: ({ policyName }) => policyName, members: 'marker' });
  return answerWith({ policies: items.map(policyReference), ...next });
}

export function listTargetsForPolicy(state: JobsState, input: JsonObject): ControlResult {
  const targets = targetsOf(state, existingPolicy(state, input).policyName);
  const { items, next } = pageOf(targets, input, { keyOf: (arn) => arn, members: 'marker' });
  return answerWith({ targets: items, ...next });
}
