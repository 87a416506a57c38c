/** Operations on AWS IoT policies (API reference of each). A policy has one version: the operations on versions are not served. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { MalformedPolicy, parsePolicyDocument } from '../policy/evaluate-policy.ts';
import { alreadyExists, answerWith, notFound, seconds } from './answers.ts';
import { creationKey, pageOf } from './pages.ts';
import { targetsOf } from './policy-targets.ts';
import type { Policy } from './registry-state.ts';
import { resourceArn, stableUuid } from './resource-names.ts';
import { setTags } from './tags.ts';

const VERSION_ID = '1';
/** API reference, CreatePolicy: "a maximum length of 2048, excluding whitespace". */
const MAX_DOCUMENT_LENGTH = 2048;

export function createPolicy(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const policyName = String(input.policyName);
  const policyDocument = String(input.policyDocument);
  checkDocument(policyDocument);
  const policyArn = resourceArn('policy', policyName);
  const { policies } = state.registry;
  if (policies.has(policyName)) {
    throw alreadyExists(`Policy cannot be created - name already exists (name=${policyName})`, {
      resourceId: policyName,
      resourceArn: policyArn,
    });
  }
  setTags(state, policyArn, input.tags);
  policies.set(policyName, { policyName, policyArn, policyDocument, createdAtMs: nowMs });
  return answerWith({ policyName, policyArn, policyDocument, policyVersionId: VERSION_ID });
}

export function getPolicy(state: JobsState, input: JsonObject): ControlResult {
  const { policyName, policyArn, policyDocument, createdAtMs } = existingPolicy(state, input);
  return answerWith({
    policyName,
    policyArn,
    policyDocument,
    defaultVersionId: VERSION_ID,
    creationDate: seconds(createdAtMs),
    lastModifiedDate: seconds(createdAtMs),
    generationId: stableUuid(`${policyArn} ${createdAtMs}`),
  });
}

/** Newest first, unless `ascendingOrder` is set. */
export function listPolicies(state: JobsState, input: JsonObject): ControlResult {
  const { items, next } = pageOf(state.registry.policies.values(), input, {
    keyOf: ({ createdAtMs, policyName }) => creationKey(createdAtMs, policyName),
    descending: input.ascendingOrder !== true,
    members: 'marker',
  });
  return answerWith({ policies: items.map(policyReference), ...next });
}

export function deletePolicy(state: JobsState, input: JsonObject): ControlResult {
  const { policyName, policyArn } = existingPolicy(state, input);
  if (targetsOf(state, policyName).length > 0) {
    const message = `The policy cannot be deleted as the policy is attached to one or more principals (name=${policyName})`;
    throw new ControlError('DeleteConflictException', message);
  }
  state.registry.policies.delete(policyName);
  state.registry.tags.delete(policyArn);
  return answerWith({});
}

export function policyReference({ policyName, policyArn }: Policy): JsonObject {
  return { policyName, policyArn };
}

/** @throws ControlError */
export function existingPolicy(state: JobsState, { policyName }: JsonObject): Policy {
  const policy = state.registry.policies.get(String(policyName));
  if (!policy) throw notFound(`Policy ${policyName}`);
  return policy;
}

function checkDocument(policyDocument: string): void {
  const length = policyDocument.replaceAll(/\s/g, '').length;
  if (length > MAX_DOCUMENT_LENGTH) {
    throw malformed(`it has ${length} characters without whitespace, more than ${MAX_DOCUMENT_LENGTH}`);
  }
  try {
    parsePolicyDocument(policyDocument);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw malformed(error.message);
    throw error;
  }
}

function malformed(reason: string): ControlError {
  return new ControlError('MalformedPolicyException', `Policy document is malformed: ${reason}`);
}
