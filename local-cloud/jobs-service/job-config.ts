/** The configurations of a job that CreateJob sets and UpdateJob changes. The model has checked their shapes. */
import type { JsonObject } from '../../agent/core/json.ts';
import { checkAbortConfig } from './abort.ts';
import type { JobConfig } from './job-state.ts';
import { checkRetryConfig } from './retries.ts';
import { checkRolloutConfig } from './rollout.ts';
import { InvalidMember, optionalTimeout, presentMember } from './validation.ts';

const MEMBERS = ['jobExecutionsRolloutConfig', 'abortConfig', 'timeoutConfig', 'jobExecutionsRetryConfig'] as const;

/** Those that are given, and what the model says nothing of about them. @throws InvalidMember */
export function readJobConfig(input: JsonObject): JobConfig {
  const given = MEMBERS.filter((member) => presentMember(input, member) !== undefined);
  const config: JobConfig = Object.fromEntries(given.map((member) => [member, input[member]]));
  checkRolloutConfig(config.jobExecutionsRolloutConfig);
  checkAbortConfig(config.abortConfig);
  checkRetryConfig(config.jobExecutionsRetryConfig, input.jobExecutionsRetryConfig);
  optionalTimeout({ ...config.timeoutConfig }, 'inProgressTimeoutInMinutes', false);
  return config;
}

/**
 * The configurations after UpdateJob. Of retries it can only have none any more: "After a job has been created, the number
 * of retries can't be updated. You can only set the number of retries to 0" (Developer Guide, job configurations).
 * @throws InvalidMember
 */
export function updatedJobConfig(before: JobConfig, input: JsonObject): JobConfig {
  const changes = readJobConfig(input);
  const had = (failureType: string) =>
    before.jobExecutionsRetryConfig?.criteriaList.find((criteria) => criteria.failureType === failureType);
  for (const { failureType, numberOfRetries } of changes.jobExecutionsRetryConfig?.criteriaList ?? []) {
    if (numberOfRetries === 0 || numberOfRetries === had(failureType)?.numberOfRetries) continue;
    throw new InvalidMember(`The number of retries for ${failureType} can only be set to 0`);
  }
  return { ...before, ...changes };
}
