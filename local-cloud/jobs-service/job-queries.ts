/** The operator's questions about jobs: `iot` operations that change nothing. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { ThingGroup } from '../registry/registry-state.ts';
import { ControlError } from './control-error.ts';
import type { ControlResult } from './control-request.ts';
import { describedJob, executionSummary, jobSummary } from './control-shapes.ts';
import { existingJob, existingThing } from './existing.ts';
import { pageOf } from './pages.ts';
import type { JobsState } from './state.ts';
import { presentMember } from './validation.ts';

export function describeJob(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const job = existingJob(state, input);
  const described = describedJob(job, { nowMs, beforeSubstitution: input.beforeSubstitution === true });
  const { documentSource } = job;
  const answer = { ...(documentSource !== undefined && { documentSource }), job: described };
  return { answer, notifications: [] };
}

export function getJobDocument(state: JobsState, input: JsonObject): ControlResult {
  const { documentText, originalDocumentText, delivery } = existingJob(state, input);
  const document = input.beforeSubstitution === true ? originalDocumentText : (delivery?.text ?? documentText);
  return { answer: { document }, notifications: [] };
}

export function listJobs(state: JobsState, input: JsonObject): ControlResult {
  const group = filteredGroup(state, input);
  const jobs = [...state.jobs.values()].filter(
    (job) =>
      isWanted(input, 'status', job.status) &&
      isWanted(input, 'targetSelection', job.targetSelection) &&
      isWanted(input, 'namespaceId', job.namespaceId) &&
      (group === undefined || job.targets.includes(group.thingGroupArn)),
  );
  const { items, nextToken } = pageOf(jobs, input);
  const summaries = items.map((job) => ({
    ...jobSummary(job),
    ...(group && { thingGroupId: group.thingGroupId }),
  }));
  return { answer: { jobs: summaries, ...nextToken }, notifications: [] };
}

export function listJobExecutionsForJob(state: JobsState, input: JsonObject): ControlResult {
  const executions = existingJob(state, input).executions.filter(({ status }) => isWanted(input, 'status', status));
  const { items, nextToken } = pageOf(executions, input);
  const executionSummaries = items.map((execution) => ({
    thingArn: execution.thing.thingArn,
    jobExecutionSummary: executionSummary(execution),
  }));
  return { answer: { executionSummaries, ...nextToken }, notifications: [] };
}

export function listJobExecutionsForThing(state: JobsState, input: JsonObject): ControlResult {
  const executions = [...existingThing(state, input).executions.values()]
    .flat()
    .filter(
      ({ status, job }) =>
        isWanted(input, 'status', status) &&
        isWanted(input, 'jobId', job.jobId) &&
        isWanted(input, 'namespaceId', job.namespaceId),
    );
  const { items, nextToken } = pageOf(executions, input);
  const executionSummaries = items.map((execution) => ({
    jobId: execution.job.jobId,
    jobExecutionSummary: executionSummary(execution),
  }));
  return { answer: { executionSummaries, ...nextToken }, notifications: [] };
}

function isWanted(input: JsonObject, member: string, value: string | undefined): boolean {
  const wanted = presentMember(input, member);
  return wanted === undefined || wanted === value;
}

/** Both name and id may be given; then they must be of the same group. @throws ControlError */
function filteredGroup(state: JobsState, input: JsonObject): ThingGroup | undefined {
  const { thingGroupName, thingGroupId } = input;
  if (thingGroupName === undefined && thingGroupId === undefined) return undefined;
  const found = [...state.registry.groups.values()].find(
    (group) =>
      (thingGroupName === undefined || group.thingGroupName === thingGroupName) &&
      (thingGroupId === undefined || group.thingGroupId === thingGroupId),
  );
  if (found) return found;
  throw new ControlError('ResourceNotFoundException', `Thing group ${thingGroupName ?? thingGroupId} does not exist`);
}
