/** What a request names, found; or the refusal when it is not there. */
import type { JsonObject } from '../../agent/core/json.ts';
import { ControlError } from './control-error.ts';
import type { Execution, Job, JobsState, Thing } from './state.ts';
import { findExecution } from './state.ts';
import { optionalInteger, presentMember } from './validation.ts';

/** A job is not found either when the request names another namespace than its own. @throws ControlError */
export function existingJob(state: JobsState, input: JsonObject): Job {
  const jobId = String(input.jobId);
  const job = state.jobs.get(jobId);
  if (!job) throw new ControlError('ResourceNotFoundException', `Job ${jobId} does not exist`);
  const namespaceId = presentMember(input, 'namespaceId');
  if (namespaceId !== undefined && namespaceId !== job.namespaceId) {
    throw new ControlError('ResourceNotFoundException', `Job ${jobId} does not exist in namespace ${namespaceId}`);
  }
  return job;
}

/** @throws ControlError */
export function existingThing(state: JobsState, input: JsonObject): Thing {
  const thingName = String(input.thingName);
  const thing = state.things.get(thingName);
  if (!thing) throw new ControlError('ResourceNotFoundException', `Thing ${thingName} does not exist`);
  return thing;
}

/** By number, or the latest one. @throws ControlError */
export function existingExecution(state: JobsState, input: JsonObject): Execution {
  const jobId = String(input.jobId);
  const executionNumber = optionalInteger(input, 'executionNumber');
  const thing = existingThing(state, input);
  const execution = findExecution(thing, jobId, executionNumber);
  if (execution) return execution;
  const which = executionNumber === undefined ? '' : ` with execution number ${executionNumber}`;
  const message = `Job execution ${jobId}${which} does not exist for thing ${thing.thingName}`;
  throw new ControlError('ResourceNotFoundException', message);
}
