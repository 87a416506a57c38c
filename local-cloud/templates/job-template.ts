/** A job template of the operator's own: what CreateJob takes from it (API reference, CreateJobTemplate). */
import type { JsonObject } from '../../agent/core/json.ts';
import type { Job } from '../jobs-service/state.ts';

export interface JobTemplate {
  readonly jobTemplateId: string;
  readonly jobTemplateArn: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly document: string;
  /** Where the document was read from, when the template was made. */
  readonly documentSource: string | undefined;
  /**
   * `presignedUrlConfig`, `jobExecutionsRolloutConfig`, `abortConfig`, `timeoutConfig`, `jobExecutionsRetryConfig`,
   * `maintenanceWindows` and `destinationPackageVersions`, as far as they were given.
   */
  readonly settings: JsonObject;
}

/** What CreateJobTemplate takes from the job that `jobArn` names. */
export function templateOfJob(job: Job): Pick<JobTemplate, 'document' | 'documentSource' | 'settings'> {
  const { documentText, documentSource, config, presignedUrlConfig, destinationPackages, schedulingConfig } = job;
  const { maintenanceWindows } = schedulingConfig ?? {};
  const settings = {
    ...(config as JsonObject),
    ...(presignedUrlConfig !== undefined && { presignedUrlConfig: { ...presignedUrlConfig } }),
    ...(maintenanceWindows !== undefined && { maintenanceWindows }),
    ...(destinationPackages.length > 0 && {
      destinationPackageVersions: destinationPackages.map(({ givenArn }) => givenArn),
    }),
  };
  return { document: documentText, documentSource, settings };
}
