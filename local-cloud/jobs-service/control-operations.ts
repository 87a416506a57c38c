/** The `iot` service's operations on jobs and their executions. A refusal is thrown and has changed nothing. */
import type { ControlOperations } from './control-request.ts';
import { cancelJobExecution, deleteJobExecution, describeJobExecution } from './execution-operations.ts';
import { associateTargetsWithJob, cancelJob, createJob, deleteJob, updateJob } from './job-operations.ts';
import {
  describeJob,
  getJobDocument,
  listJobExecutionsForJob,
  listJobExecutionsForThing,
  listJobs,
} from './job-queries.ts';

export const JOB_OPERATIONS = {
  CreateJob: createJob,
  UpdateJob: updateJob,
  CancelJob: cancelJob,
  DeleteJob: deleteJob,
  AssociateTargetsWithJob: associateTargetsWithJob,
  DescribeJob: describeJob,
  GetJobDocument: getJobDocument,
  ListJobs: listJobs,
  ListJobExecutionsForJob: listJobExecutionsForJob,
  ListJobExecutionsForThing: listJobExecutionsForThing,
  DescribeJobExecution: describeJobExecution,
  CancelJobExecution: cancelJobExecution,
  DeleteJobExecution: deleteJobExecution,
} as const satisfies ControlOperations;
