/**
 * CreateJob with `jobTemplateArn`: the template's members are laid under the request's own. Developer Guide, "Create a job
 * from AWS managed templates by using the AWS CLI": configurations in the request override the template's, and the job has
 * the template's description.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { JobsState } from '../jobs-service/state.ts';
import { nameInArn } from '../registry/resource-names.ts';
import type { DocumentParameter, ManagedTemplate } from './managed-templates.ts';
import { MANAGED_TEMPLATES } from './managed-templates.ts';

const PLACEHOLDER = /\$\{aws:iot:parameter:([a-zA-Z0-9_-]+)\}/g;

/**
 * CreateJob's input with what its template adds; `jobTemplateArn` and `documentParameters` stay in it. An input without
 * template is given back as it is.
 * @param input Checked by the model.
 * @throws ControlError
 */
export function expandTemplate(state: JobsState, input: JsonObject): JsonObject {
  const { jobTemplateArn } = input;
  if (typeof jobTemplateArn !== 'string') {
    if (input.documentParameters !== undefined) throw notManaged();
    return input;
  }
  if (input.document !== undefined || input.documentSource !== undefined) {
    const message = 'A job has one of document, documentSource and jobTemplateArn';
    throw new ControlError('InvalidRequestException', message);
  }
  const managed = MANAGED_TEMPLATES.find((template) => template.templateArn === jobTemplateArn);
  if (managed) {
    const parameters = isJsonObject(input.documentParameters) ? input.documentParameters : {};
    return { description: managed.description, ...input, document: fillIn(managed, parameters) };
  }
  const template = state.registry.jobTemplates.get(nameInArn('jobtemplate', jobTemplateArn) ?? '');
  if (!template) {
    throw new ControlError('ResourceNotFoundException', `Job template ${jobTemplateArn} does not exist`);
  }
  if (input.documentParameters !== undefined) throw notManaged();
  const { description, document, documentSource } = template;
  const { maintenanceWindows, ...settings } = template.settings;
  return {
    description,
    ...settings,
    ...(maintenanceWindows !== undefined && { schedulingConfig: { maintenanceWindows } }),
    ...input,
    document,
    ...(documentSource !== undefined && { documentSource }),
  };
}

/** The document with its parameters replaced; one that is optional and not given becomes empty. */
function fillIn(template: ManagedTemplate, given: JsonObject): string {
  const { templateName, documentParameters } = template;
  const known = new Set(documentParameters.map(({ key }) => key));
  const unknown = Object.keys(given).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new ControlError('InvalidRequestException', `Template ${templateName} has no document parameter ${unknown}`);
  }
  const values = new Map(
    documentParameters.map((parameter) => [parameter.key, parameterValue(templateName, parameter, given)]),
  );
  // In one pass: what a value holds is not looked at again.
  return template.document.replace(PLACEHOLDER, (_whole, key: string) =>
    JSON.stringify(values.get(key) ?? '').slice(1, -1),
  );
}

function parameterValue(templateName: string, parameter: DocumentParameter, given: JsonObject): string {
  const { key, regex, optional } = parameter;
  const value = given[key] ?? (optional ? '' : undefined);
  if (typeof value !== 'string') {
    throw new ControlError('InvalidRequestException', `Template ${templateName} needs the document parameter ${key}`);
  }
  if (new RegExp(`^(?:${regex})$`, 'su').test(value)) return value;
  const message = `Document parameter ${key} must satisfy regular expression pattern: ${regex}`;
  throw new ControlError('InvalidRequestException', message);
}

/** API reference, CreateJob: documentParameters "can only be used when creating jobs from AWS managed templates". */
function notManaged(): ControlError {
  const message = 'documentParameters can only be used when creating jobs from AWS managed templates';
  return new ControlError('InvalidRequestException', message);
}
