/** Tags of jobs, job templates, thing groups, policies and packages (API reference, TagResource; Developer Guide, "Tagging"). */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlResult } from '../jobs-service/control-request.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { pageOf } from './pages.ts';
import { nameInArn, resourceArn } from './resource-names.ts';

/** Developer Guide, "Tag restrictions": tags per resource. */
const MAX_TAGS = 50;
/** The same page: prefix that is AWS's own. */
const RESERVED = /^aws:/i;

/**
 * The tags that a creating operation was given; what was on that ARN before is gone.
 * @param tags The input's `tags` member, checked by the model.
 * @throws ControlError
 */
export function setTags(state: JobsState, arn: string, tags: JsonValue | undefined): void {
  const given = readTags(tags);
  if (given.size === 0) state.registry.tags.delete(arn);
  else state.registry.tags.set(arn, given);
}

/** Key to value. @throws ControlError when there are too many, twice the same or reserved ones. */
export function readTags(tags: JsonValue | undefined): Map<string, string> {
  const read = new Map<string, string>();
  for (const tag of Array.isArray(tags) ? tags : []) {
    if (!isJsonObject(tag) || typeof tag.Key !== 'string') continue;
    if (RESERVED.test(tag.Key)) throw refuse(`Tag key ${tag.Key} is reserved: it begins with aws:`);
    if (read.has(tag.Key)) throw refuse(`Tag key ${tag.Key} is given more than once`);
    read.set(tag.Key, typeof tag.Value === 'string' ? tag.Value : '');
  }
  if (read.size > MAX_TAGS) throw refuse(`A resource has at most ${MAX_TAGS} tags`);
  return read;
}

export function tagResource(state: JobsState, input: JsonObject): ControlResult {
  const arn = existingResource(state, input);
  const tags = new Map([...(state.registry.tags.get(arn) ?? []), ...readTags(input.tags)]);
  if (tags.size > MAX_TAGS) throw refuse(`A resource has at most ${MAX_TAGS} tags`, 'LimitExceededException');
  state.registry.tags.set(arn, tags);
  return { answer: {}, notifications: [] };
}

export function untagResource(state: JobsState, input: JsonObject): ControlResult {
  const arn = existingResource(state, input);
  const tags = state.registry.tags.get(arn);
  for (const key of Array.isArray(input.tagKeys) ? input.tagKeys : []) tags?.delete(String(key));
  return { answer: {}, notifications: [] };
}

export function listTagsForResource(state: JobsState, input: JsonObject): ControlResult {
  const tags = state.registry.tags.get(existingResource(state, input)) ?? new Map<string, string>();
  const { items, next } = pageOf(tags, input, { keyOf: ([key]) => key, pageSize: MAX_TAGS });
  return { answer: { tags: items.map(([Key, Value]) => ({ Key, Value })), ...next }, notifications: [] };
}

function existingResource(state: JobsState, input: JsonObject): string {
  const arn = String(input.resourceArn);
  const exists = doesExist(state, arn);
  if (exists === undefined) throw refuse(`Resource ${arn} cannot be tagged`);
  if (!exists) throw new ControlError('ResourceNotFoundException', `Resource ${arn} does not exist`);
  return arn;
}

/** Undefined where nothing of that type carries tags. */
function doesExist(state: JobsState, arn: string): boolean | undefined {
  const { groups, policies, jobTemplates } = state.registry;
  const holders = { job: state.jobs, thinggroup: groups, policy: policies, jobtemplate: jobTemplates } as const;
  for (const type of ['job', 'thinggroup', 'policy', 'jobtemplate'] as const) {
    const name = nameInArn(type, arn);
    if (name !== undefined) return holders[type].has(name);
  }
  if (!arn.startsWith(resourceArn('package', ''))) return undefined;
  return [...state.packages.packages.values()].some(
    ({ packageArn, versions }) =>
      packageArn === arn || [...versions.values()].some(({ packageVersionArn }) => packageVersionArn === arn),
  );
}

function refuse(
  message: string,
  name: 'InvalidRequestException' | 'LimitExceededException' = 'InvalidRequestException',
): ControlError {
  return new ControlError(name, message);
}
