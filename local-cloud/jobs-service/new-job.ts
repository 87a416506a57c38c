/** CreateJob's request, checked whole before anything is made of it (API reference, CreateJob). */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { prepareDocument } from '../substitution/prepare-document.ts';
import { ControlError } from './control-error.ts';
import { withText } from './encode-message.ts';
import type { Job, JobsState, Thing } from './state.ts';
import { jobArn } from './state.ts';
import {
  constraint,
  JOB_ID,
  optionalText,
  optionalTimeout,
  presentMember,
  refuseNotServed,
  requireMatch,
} from './validation.ts';

/** API reference, CreateJob: `document` has at most 32,768 characters. */
const MAX_DOCUMENT_LENGTH = 32_768;
const MAX_DESCRIPTION_LENGTH = 2028;
/** AWS IoT quotas: targets per job. */
const MAX_TARGETS = 100;
/** AWS tagging: tags per resource, characters of a key and of a value. */
const MAX_TAGS = 50;
const MAX_TAG_KEY_LENGTH = 128;
const MAX_TAG_VALUE_LENGTH = 256;
const THING_ARN = /^arn:aws:iot:[a-z0-9-]+:\d{12}:thing\/([a-zA-Z0-9:_-]{1,128})$/;

/** Members that change what a job does and that this service does not act on: taking them silently would mislead. */
const NOT_SERVED = [
  'jobTemplateArn',
  'documentParameters',
  'jobExecutionsRolloutConfig',
  'abortConfig',
  'jobExecutionsRetryConfig',
  'schedulingConfig',
  'namespaceId',
] as const;

/** @throws ControlError, InvalidMember */
export function readNewJob(state: JobsState, input: JsonObject, nowMs: number): { job: Job; things: Thing[] } {
  const jobId = requireMatch('jobId', input.jobId, JOB_ID);
  const targets = readTargets(input);
  const { documentText, document } = readDocument(input);
  const description = optionalText(input, 'description', MAX_DESCRIPTION_LENGTH);
  const inProgressTimeoutInMinutes = readTimeout(input);
  const targetSelection = readTargetSelection(input);
  checkTags(input);
  refuseNotServed(input, NOT_SERVED);
  const arn = jobArn(jobId);
  if (state.jobs.has(jobId)) {
    throw new ControlError('ResourceAlreadyExistsException', `Job ${jobId} already exists`, {
      resourceId: jobId,
      resourceArn: arn,
    });
  }
  const things = [...new Set(targets)].map((target) => targetedThing(state, target));
  const job: Job = {
    jobId,
    jobArn: arn,
    targets,
    targetSelection,
    description,
    documentText,
    document,
    ...prepareDocument(state, input, documentText),
    inProgressTimeoutInMinutes,
    createdAtMs: nowMs,
    executions: [],
    status: 'IN_PROGRESS',
    lastUpdatedAtMs: nowMs,
    completedAtMs: undefined,
    forceCanceled: false,
    comment: undefined,
    reasonCode: undefined,
  };
  return { job, things };
}

function readTargets(input: JsonObject): string[] {
  const targets = presentMember(input, 'targets');
  if (!Array.isArray(targets)) throw constraint('targets', targets, targets ? 'be a list' : 'not be null');
  if (targets.length < 1) throw constraint('targets', targets, 'have length greater than or equal to 1');
  if (targets.length > MAX_TARGETS) {
    throw constraint('targets', targets, `have length less than or equal to ${MAX_TARGETS}`);
  }
  return targets.map((target, index) => requireMatch(`targets.${index + 1}.member`, target, THING_ARN));
}

function targetedThing(state: JobsState, target: string): Thing {
  const thingName = THING_ARN.exec(target)?.[1] ?? '';
  const thing = state.things.get(thingName);
  if (!thing || thing.thingArn !== target) {
    throw new ControlError('ResourceNotFoundException', `Target ${target} does not exist`);
  }
  return thing;
}

function readDocument(input: JsonObject): { documentText: string; document: JsonObject } {
  const documentText = presentMember(input, 'document');
  if (typeof documentText !== 'string') {
    throw constraint('document', documentText, documentText === undefined ? 'not be null' : 'be a string');
  }
  if (documentText.length > MAX_DOCUMENT_LENGTH) {
    throw constraint('document', documentText, `have length less than or equal to ${MAX_DOCUMENT_LENGTH}`);
  }
  let document: unknown;
  try {
    document = JSON.parse(documentText);
  } catch {
    throw new ControlError('InvalidRequestException', 'The job document is not valid JSON');
  }
  if (!isJsonObject(document)) {
    throw new ControlError('InvalidRequestException', 'The job document is not a JSON object');
  }
  return { documentText, document: withText(document, documentText) };
}

function readTimeout(input: JsonObject): number | undefined {
  const timeoutConfig = presentMember(input, 'timeoutConfig');
  if (timeoutConfig === undefined) return undefined;
  if (!isJsonObject(timeoutConfig)) throw constraint('timeoutConfig', timeoutConfig, 'be an object');
  return optionalTimeout(timeoutConfig, 'inProgressTimeoutInMinutes', false);
}

/** Checked and dropped: tags change nothing about a job, and no operation here gives them back. */
function checkTags(input: JsonObject): void {
  const tags = presentMember(input, 'tags') ?? [];
  if (!Array.isArray(tags)) throw constraint('tags', tags, 'be a list');
  if (tags.length > MAX_TAGS) throw constraint('tags', tags, `have length less than or equal to ${MAX_TAGS}`);
  for (const [index, tag] of tags.entries()) {
    const at = `tags.${index + 1}.member`;
    if (!isJsonObject(tag)) throw constraint(at, tag, 'be an object');
    const key = requireMatch(`${at}.key`, tag.Key, /^.+$/su);
    if (key.length > MAX_TAG_KEY_LENGTH) {
      throw constraint(`${at}.key`, key, `have length less than or equal to ${MAX_TAG_KEY_LENGTH}`);
    }
    optionalText(tag, 'Value', MAX_TAG_VALUE_LENGTH);
  }
}

function readTargetSelection(input: JsonObject): 'SNAPSHOT' | 'CONTINUOUS' {
  const selection = presentMember(input, 'targetSelection') ?? 'SNAPSHOT';
  if (selection === 'SNAPSHOT' || selection === 'CONTINUOUS') return selection;
  throw constraint('targetSelection', selection, 'satisfy enum value set: [CONTINUOUS, SNAPSHOT]');
}
