/** Job templates, an operator's own and AWS's managed ones (API reference of each operation). */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { ControlOperations, ControlResult } from '../jobs-service/control-request.ts';
import type { Job, JobsState } from '../jobs-service/state.ts';
import { answerWith, invalidRequest, notFound, optional, seconds } from '../registry/answers.ts';
import { pageOf } from '../registry/pages.ts';
import { nameInArn, resourceArn } from '../registry/resource-names.ts';
import { setTags } from '../registry/tags.ts';
import type { JobTemplate } from './job-template.ts';
import { templateOfJob } from './job-template.ts';
import type { ManagedTemplate } from './managed-templates.ts';
import { MANAGED_TEMPLATES } from './managed-templates.ts';

export const TEMPLATE_OPERATIONS = {
  CreateJobTemplate: createJobTemplate,
  DescribeJobTemplate: describeJobTemplate,
  ListJobTemplates: listJobTemplates,
  DeleteJobTemplate: deleteJobTemplate,
  ListManagedJobTemplates: listManagedJobTemplates,
  DescribeManagedJobTemplate: describeManagedJobTemplate,
} as const satisfies ControlOperations;

/** Members of CreateJobTemplate that a job takes over as they are. */
const SETTINGS = [
  'presignedUrlConfig',
  'jobExecutionsRolloutConfig',
  'abortConfig',
  'timeoutConfig',
  'jobExecutionsRetryConfig',
  'maintenanceWindows',
  'destinationPackageVersions',
] as const;

function createJobTemplate(state: JobsState, input: JsonObject, nowMs: number): ControlResult {
  const jobTemplateId = String(input.jobTemplateId);
  const content = templateContent(state, input);
  const { jobTemplates } = state.registry;
  if (jobTemplates.has(jobTemplateId)) {
    throw new ControlError('ConflictException', `Job template ${jobTemplateId} already exists`, {
      resourceId: jobTemplateId,
    });
  }
  const jobTemplateArn = resourceArn('jobtemplate', jobTemplateId);
  setTags(state, jobTemplateArn, input.tags);
  jobTemplates.set(jobTemplateId, {
    ...content,
    jobTemplateId,
    jobTemplateArn,
    description: String(input.description),
    createdAtMs: nowMs,
  });
  return answerWith({ jobTemplateArn, jobTemplateId });
}

type TemplateContent = Pick<JobTemplate, 'document' | 'documentSource' | 'settings'>;

/**
 * From the request, or from the job it names; what the request gives beside a job replaces the job's. `documentSource` has
 * been read by now, and its text is in `document`.
 */
function templateContent(state: JobsState, input: JsonObject): TemplateContent {
  const { document, documentSource, jobArn } = input;
  const given = SETTINGS.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]] as const]));
  const settings: JsonObject = Object.fromEntries(given);
  if ((jobArn === undefined) === (document === undefined && documentSource === undefined)) {
    throw invalidRequest('A job template is made of exactly one of document, documentSource and jobArn');
  }
  if (typeof jobArn === 'string') {
    const content = templateOfJob(existingJob(state, jobArn));
    return { ...content, settings: { ...content.settings, ...settings } };
  }
  if (typeof document !== 'string') throw invalidRequest('The documentSource cannot be read here');
  checkDocument(document);
  return { document, documentSource: documentSource === undefined ? undefined : String(documentSource), settings };
}

function describeJobTemplate(state: JobsState, input: JsonObject): ControlResult {
  const { document, documentSource, settings, createdAtMs, ...template } = existingTemplate(state, input);
  return answerWith({
    ...template,
    createdAt: seconds(createdAtMs),
    document,
    ...optional('documentSource', documentSource),
    ...settings,
  });
}

function listJobTemplates(state: JobsState, input: JsonObject): ControlResult {
  const templates = state.registry.jobTemplates.values();
  const { items, next } = pageOf(templates, input, { keyOf: ({ jobTemplateId }) => jobTemplateId });
  const jobTemplates = items.map(({ jobTemplateArn, jobTemplateId, description, createdAtMs }) => ({
    jobTemplateArn,
    jobTemplateId,
    description,
    createdAt: seconds(createdAtMs),
  }));
  return answerWith({ jobTemplates, ...next });
}

function deleteJobTemplate(state: JobsState, input: JsonObject): ControlResult {
  const { jobTemplateId, jobTemplateArn } = existingTemplate(state, input);
  state.registry.jobTemplates.delete(jobTemplateId);
  state.registry.tags.delete(jobTemplateArn);
  return answerWith({});
}

function listManagedJobTemplates(_state: JobsState, input: JsonObject): ControlResult {
  const { templateName } = input;
  const found = MANAGED_TEMPLATES.filter((one) => templateName === undefined || one.templateName === templateName);
  const { items, next } = pageOf(found, input, { keyOf: (one) => one.templateName });
  const managedJobTemplates = items.map((one) => ({
    templateArn: one.templateArn,
    templateName: one.templateName,
    description: one.description,
    environments: one.environments,
    templateVersion: one.templateVersion,
  }));
  return answerWith({ managedJobTemplates, ...next });
}

function describeManagedJobTemplate(_state: JobsState, input: JsonObject): ControlResult {
  const { templateName, templateVersion } = input;
  const found = MANAGED_TEMPLATES.find(
    (one) =>
      one.templateName === templateName && (templateVersion === undefined || one.templateVersion === templateVersion),
  );
  if (!found) {
    const version = templateVersion === undefined ? '' : ` version ${templateVersion}`;
    throw notFound(`Managed job template ${templateName}${version}`);
  }
  return answerWith(shownTemplate(found));
}

function shownTemplate(template: ManagedTemplate): JsonObject {
  return { ...template, documentParameters: template.documentParameters.map((parameter) => ({ ...parameter })) };
}

function existingTemplate(state: JobsState, input: JsonObject): JobTemplate {
  const template = state.registry.jobTemplates.get(String(input.jobTemplateId));
  if (!template) throw notFound(`Job template ${input.jobTemplateId}`);
  return template;
}

function existingJob(state: JobsState, jobArn: string): Job {
  const job = state.jobs.get(nameInArn('job', jobArn) ?? '');
  if (!job) throw notFound(`Job ${jobArn}`);
  return job;
}

/** As CreateJob checks it. */
function checkDocument(text: string): void {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw invalidRequest('The job document is not valid JSON');
  }
  if (!isJsonObject(document)) throw invalidRequest('The job document is not a JSON object');
}
