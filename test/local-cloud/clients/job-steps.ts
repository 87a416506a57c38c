/** Jobs, executions and templates, from the operator's and the device's side. */
import { control, device, type Step } from './scenario.ts';

const TARGET = '{{thingArn}}';
const DOCUMENT = '{"operation":"x","text":"größe \\"quoted\\" \\\\ 日本"}';
/** Larger than any delay that a test could see. */
const EARLY = 1;

export const JOB_STEPS: readonly Step[] = [
  control(
    'CreateJob',
    { jobId: 'a', targets: [TARGET], document: DOCUMENT, description: 'first' },
    {
      gives: { jobId: 'a', description: 'first', jobArn: '{{jobArnPrefix}}a' },
    },
  ),
  control(
    'CreateJob',
    { jobId: 'a', targets: [TARGET], document: '{"operation":"y"}' },
    {
      refused: ['ResourceAlreadyExistsException', 409],
    },
  ),
  control(
    'DescribeJob',
    { jobId: 'a' },
    {
      gives: { job: { jobId: 'a', status: 'IN_PROGRESS', targets: [TARGET], targetSelection: 'SNAPSHOT' } },
    },
  ),
  control('DescribeJob', { jobId: 'nowhere' }, { refused: ['ResourceNotFoundException', 404] }),
  control('GetJobDocument', { jobId: 'a' }, { gives: { document: DOCUMENT } }),
  control(
    'ListJobs',
    { status: 'IN_PROGRESS', maxResults: 10 },
    { gives: { jobs: [{ jobId: 'a' }], nextToken: null } },
  ),
  control(
    'ListJobExecutionsForJob',
    { jobId: 'a' },
    {
      gives: {
        executionSummaries: [{ thingArn: TARGET, jobExecutionSummary: { status: 'QUEUED', executionNumber: 1 } }],
      },
    },
  ),
  control(
    'ListJobExecutionsForThing',
    { thingName: '{{thing}}', status: 'QUEUED' },
    {
      gives: { executionSummaries: [{ jobId: 'a', jobExecutionSummary: { status: 'QUEUED' } }] },
    },
  ),
  control('UpdateJob', { jobId: 'a', description: 'renamed', timeoutConfig: { inProgressTimeoutInMinutes: 60 } }),
  control(
    'DescribeJob',
    { jobId: 'a' },
    {
      gives: { job: { description: 'renamed', timeoutConfig: { inProgressTimeoutInMinutes: 60 } } },
    },
  ),
  device(
    'GetPendingJobExecutions',
    { thingName: '{{thing}}' },
    {
      gives: { inProgressJobs: [], queuedJobs: [{ jobId: 'a', versionNumber: EARLY, executionNumber: 1 }] },
    },
  ),
  device(
    'DescribeJobExecution',
    { thingName: '{{thing}}', jobId: '$next', includeJobDocument: false },
    {
      gives: { execution: { jobId: 'a', status: 'QUEUED', jobDocument: null } },
    },
  ),
  device(
    'StartNextPendingJobExecution',
    { thingName: '{{thing}}', statusDetails: { step: 'one' } },
    {
      gives: { execution: { jobId: 'a', status: 'IN_PROGRESS', versionNumber: 2, jobDocument: DOCUMENT } },
    },
  ),
  device(
    'UpdateJobExecution',
    {
      thingName: '{{thing}}',
      jobId: 'a',
      status: 'IN_PROGRESS',
      expectedVersion: 2,
      statusDetails: { step: 'two' },
      includeJobExecutionState: true,
      includeJobDocument: true,
    },
    {
      gives: {
        executionState: { status: 'IN_PROGRESS', versionNumber: 3, statusDetails: { step: 'two' } },
        jobDocument: DOCUMENT,
      },
    },
  ),
  device(
    'UpdateJobExecution',
    { thingName: '{{thing}}', jobId: 'a', status: 'NOPE' },
    {
      refused: ['InvalidRequestException', 400],
    },
  ),
  device(
    'UpdateJobExecution',
    { thingName: '{{thing}}', jobId: 'nowhere', status: 'FAILED' },
    {
      refused: ['ResourceNotFoundException', 404],
    },
  ),
  control(
    'DescribeJobExecution',
    { jobId: 'a', thingName: '{{thing}}' },
    {
      gives: { execution: { thingArn: TARGET, versionNumber: 3, statusDetails: { detailsMap: { step: 'two' } } } },
    },
  ),
  control(
    'CancelJobExecution',
    { jobId: 'a', thingName: '{{thing}}' },
    {
      refused: ['InvalidStateTransitionException', 409],
    },
  ),
  control(
    'CancelJobExecution',
    { jobId: 'a', thingName: '{{thing}}', force: true, expectedVersion: 9 },
    {
      refused: ['VersionConflictException', 409],
    },
  ),
  control(
    'DeleteJobExecution',
    { jobId: 'a', thingName: '{{thing}}', executionNumber: 1 },
    {
      refused: ['InvalidStateTransitionException', 409],
    },
  ),
  control('CancelJobExecution', {
    jobId: 'a',
    thingName: '{{thing}}',
    force: true,
    expectedVersion: 3,
    statusDetails: { why: 'a test' },
  }),
  device('DescribeJobExecution', { thingName: '{{thing}}', jobId: 'a' }, { refused: ['TerminalStateException', 410] }),
  device(
    'UpdateJobExecution',
    { thingName: '{{thing}}', jobId: 'a', status: 'SUCCEEDED' },
    {
      refused: ['InvalidStateTransitionException', 409],
    },
  ),
  control(
    'DescribeJobExecution',
    { jobId: 'a', thingName: '{{thing}}', executionNumber: 1 },
    {
      gives: {
        execution: { status: 'CANCELED', forceCanceled: true, statusDetails: { detailsMap: { why: 'a test' } } },
      },
    },
  ),
  control('DeleteJobExecution', { jobId: 'a', thingName: '{{thing}}', executionNumber: 1 }),
  control(
    'DescribeJobExecution',
    { jobId: 'a', thingName: '{{thing}}' },
    { refused: ['ResourceNotFoundException', 404] },
  ),
  control('CreateJob', { jobId: 'c', targets: [TARGET], targetSelection: 'CONTINUOUS', document: DOCUMENT }),
  control(
    'AssociateTargetsWithJob',
    { jobId: 'c', targets: ['{{groupArn}}'], comment: 'more' },
    {
      gives: { jobId: 'c', jobArn: '{{jobArnPrefix}}c' },
    },
  ),
  control('DeleteJob', { jobId: 'c' }, { refused: ['InvalidStateTransitionException', 409] }),
  control(
    'CancelJob',
    { jobId: 'c', reasonCode: 'WRONG_FILE', comment: 'stop', force: true },
    { gives: { jobId: 'c' } },
  ),
  control(
    'DescribeJob',
    { jobId: 'c' },
    {
      gives: { job: { status: 'CANCELED', reasonCode: 'WRONG_FILE', comment: 'stop', forceCanceled: true } },
    },
  ),
  control('DeleteJob', { jobId: 'c' }),
  control('DeleteJob', { jobId: 'a', force: true }),
  control('DescribeEndpoint', { endpointType: 'iot:Jobs' }),
  control('DescribeEndpoint', { endpointType: 'iot:Data-ATS' }),
];

const TEMPLATE_ARN = '{{templateArn}}';

export const TEMPLATE_STEPS: readonly Step[] = [
  control(
    'CreateJobTemplate',
    { jobTemplateId: 't', description: 'a template', document: DOCUMENT },
    {
      gives: { jobTemplateId: 't' },
      keeps: { templateArn: 'jobTemplateArn' },
    },
  ),
  control(
    'CreateJobTemplate',
    { jobTemplateId: 't', description: 'other', document: '{"operation":"y"}' },
    {
      refused: ['ConflictException', 409],
    },
  ),
  control(
    'DescribeJobTemplate',
    { jobTemplateId: 't' },
    {
      gives: { jobTemplateArn: TEMPLATE_ARN, document: DOCUMENT, description: 'a template' },
    },
  ),
  control('ListJobTemplates', {}, { gives: { jobTemplates: [{ jobTemplateId: 't', jobTemplateArn: TEMPLATE_ARN }] } }),
  control('CreateJob', { jobId: 'from-template', targets: [TARGET], jobTemplateArn: TEMPLATE_ARN }),
  control('GetJobDocument', { jobId: 'from-template' }, { gives: { document: DOCUMENT } }),
  control('DeleteJob', { jobId: 'from-template', force: true }),
  control('DeleteJobTemplate', { jobTemplateId: 't' }),
  control('DescribeJobTemplate', { jobTemplateId: 't' }, { refused: ['ResourceNotFoundException', 404] }),
  control(
    'ListManagedJobTemplates',
    { templateName: 'AWS-Reboot' },
    {
      gives: { managedJobTemplates: [{ templateName: 'AWS-Reboot', templateVersion: '1.0' }] },
    },
  ),
  control(
    'DescribeManagedJobTemplate',
    { templateName: 'AWS-Run-Command' },
    {
      gives: { templateName: 'AWS-Run-Command', templateVersion: '1.0' },
      keeps: { managedArn: 'templateArn' },
    },
  ),
  control('CreateJob', {
    jobId: 'managed',
    targets: [TARGET],
    jobTemplateArn: '{{managedArn}}',
    documentParameters: { command: 'echo,hi' },
  }),
  control('DeleteJob', { jobId: 'managed', force: true }),
];
