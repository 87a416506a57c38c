/** CreateJob's request, looked at whole before anything is made of it (API reference, CreateJob). */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { readTags } from '../registry/tags.ts';
import { prepareDocument } from '../substitution/prepare-document.ts';
import { expandTemplate } from '../templates/expand-template.ts';
import { MANAGED_TEMPLATES, type ManagedTemplate } from '../templates/managed-templates.ts';
import { ControlError } from './control-error.ts';
import { withText } from './encode-message.ts';
import { readJobConfig } from './job-config.ts';
import { noCounts } from './job-counts.ts';
import { isWithinSchedule, readSchedule } from './schedule.ts';
import type { Job, JobsState } from './state.ts';
import { jobArn } from './state.ts';
import { checkTargets, resolveTargets } from './targets.ts';
import { constraint, presentMember } from './validation.ts';

/** AWS IoT quotas: targets per job. */
export const MAX_TARGETS = 100;

/** The new job, not yet among the others. @throws ControlError, InvalidMember */
export function readNewJob(state: JobsState, given: JsonObject, nowMs: number): Job {
  const jobId = String(given.jobId);
  const input = expandTemplate(state, given);
  const arn = jobArn(jobId);
  if (state.jobs.has(jobId)) {
    throw new ControlError('ResourceAlreadyExistsException', `Job ${jobId} already exists`, {
      resourceId: jobId,
      resourceArn: arn,
    });
  }
  const targets = strings(input.targets) ?? [];
  if (targets.length > MAX_TARGETS) {
    throw constraint('targets', input.targets, `have length less than or equal to ${MAX_TARGETS}`);
  }
  checkTargets(targets);
  readTags(input.tags);
  const schedule = readSchedule(input.schedulingConfig, state.options, nowMs);
  const config = readJobConfig(input);
  const { document, documentText } = readDocument(input);
  const prepared = prepareDocument(state, input, documentText);
  return {
    jobId,
    jobArn: arn,
    sequence: state.nextSequence,
    targets,
    targetSelection: input.targetSelection === 'CONTINUOUS' ? 'CONTINUOUS' : 'SNAPSHOT',
    namespaceId: text(input.namespaceId),
    description: text(input.description),
    document,
    documentText,
    originalDocumentText: managedTemplate(input)?.document ?? documentText,
    ...prepared,
    jobTemplateArn: text(input.jobTemplateArn),
    documentParameters: object(input.documentParameters),
    schedulingConfig: object(input.schedulingConfig),
    schedule,
    config,
    waiting: resolveTargets(state, targets),
    nextRolloutAtMs: schedule.startsAtMs + state.options.creationDelayMs,
    createdAtMs: nowMs,
    status: isWithinSchedule(schedule, nowMs) ? 'IN_PROGRESS' : 'SCHEDULED',
    lastUpdatedAtMs: nowMs,
    ...untouched(),
  };
}

/** Its document has parameters, which CreateJob's have replaced. */
function managedTemplate({ jobTemplateArn }: JsonObject): ManagedTemplate | undefined {
  return MANAGED_TEMPLATES.find(({ templateArn }) => templateArn === jobTemplateArn);
}

/** What no job has at its beginning. */
function untouched() {
  return {
    completedAtMs: undefined,
    forceCanceled: false,
    comment: undefined,
    reasonCode: undefined,
    executions: [],
    executionCounts: noCounts(),
    thingCounts: noCounts(),
    notifiedThings: 0,
    rolloutStopped: false,
    retries: [],
    deletedAtMs: undefined,
    dueAtMs: undefined,
  };
}

/** `documentSource` has been read by now, and its text is in `document`. */
function readDocument(input: JsonObject): Pick<Job, 'document' | 'documentText'> {
  const documentText = presentMember(input, 'document');
  if (typeof documentText !== 'string') {
    if (presentMember(input, 'documentSource') !== undefined) {
      throw new ControlError('InvalidRequestException', 'The documentSource cannot be read here');
    }
    throw constraint('document', documentText, 'not be null');
  }
  return { documentText, document: withText(parseDocument(documentText), documentText) };
}

function parseDocument(documentText: string): JsonObject {
  let document: unknown;
  try {
    document = JSON.parse(documentText);
  } catch {
    throw new ControlError('InvalidRequestException', 'The job document is not valid JSON');
  }
  if (isJsonObject(document)) return document;
  throw new ControlError('InvalidRequestException', 'The job document is not a JSON object');
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function object(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}

function strings(value: JsonValue | undefined): string[] | undefined {
  return Array.isArray(value) ? (value as string[]) : undefined;
}
