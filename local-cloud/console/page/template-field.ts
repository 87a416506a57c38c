/** A template to make a job from, with what it asks for: AWS's managed ones and an operator's own. */
import { type CloudApi, explain } from './cloud-api.ts';
import { type Child, h } from './element.ts';
import { type FormField, type FormPart, formField } from './form-field.ts';

/** API reference, DescribeManagedJobTemplate: DocumentParameter. */
interface TemplateParameter {
  readonly key: string;
  readonly description?: string;
  readonly regex?: string;
  readonly example?: string;
  readonly optional?: boolean;
}

interface Template {
  readonly description?: string;
  readonly document?: string;
  readonly documentParameters?: readonly TemplateParameter[];
}

interface ListedTemplate {
  readonly arn: string;
  readonly name: string;
  readonly operation: 'DescribeManagedJobTemplate' | 'DescribeJobTemplate';
  readonly input: object;
}

/** Members of CreateJob. */
export interface TemplateChoice {
  readonly jobTemplateArn: string;
  readonly documentParameters?: Readonly<Record<string, string>>;
}

export function templateField(api: CloudApi): FormPart<TemplateChoice> {
  const control = h('select', { id: 'template' }, h('option', { value: '' }, 'Choose a template'));
  const field = formField({ label: 'Template', control });
  const about = h('div', { 'aria-live': 'polite' });
  let parameters: readonly ParameterField[] = [];
  let listed: readonly ListedTemplate[] = [];

  const list = async () => {
    try {
      const [managed, own] = await Promise.all([managedTemplates(api), ownTemplates(api)]);
      listed = [...managed, ...own];
      control.append(...groupOf('Managed by AWS', managed), ...groupOf('Own templates', own));
    } catch (error) {
      field.tell(explain(error));
    }
  };
  const choose = async () => {
    parameters = [];
    about.replaceChildren();
    const chosen = listed.find(({ arn }) => arn === control.value);
    if (!chosen) return;
    try {
      const template = await api.call<Template>(chosen.operation, chosen.input);
      if (chosen.arn !== control.value) return;
      parameters = (template.documentParameters ?? []).map((parameter, index) => parameterField(parameter, index));
      about.replaceChildren(...aboutTemplate(template, parameters));
      field.tell(undefined);
    } catch (error) {
      field.tell(explain(error));
    }
  };
  control.onchange = () => void choose();
  void list();
  return {
    element: h('div', {}, field.element, about),
    read: async () => {
      const jobTemplateArn = control.value;
      if (field.tell(jobTemplateArn === '' ? 'A template is to be chosen.' : undefined)) {
        control.focus();
        return null;
      }
      const wrong = parameters.filter((parameter) => parameter.check());
      wrong[0]?.field.control.focus();
      if (wrong.length > 0) return null;
      const values = parameters
        .map(({ key, field }) => [key, field.value()] as const)
        .filter(([, value]) => value !== '');
      return { jobTemplateArn, ...(values.length > 0 && { documentParameters: Object.fromEntries(values) }) };
    },
  };
}

function aboutTemplate(template: Template, parameters: readonly ParameterField[]): Node[] {
  const { description, document: documentText } = template;
  const parts: Child[] = [
    description !== undefined && h('p', {}, description),
    ...parameters.map(({ field }) => field.element),
    documentText !== undefined &&
      h(
        'details',
        {},
        h('summary', {}, 'Job document of the template'),
        h('pre', { tabindex: 0, role: 'region', 'aria-label': 'Job document of the template' }, documentText),
      ),
  ];
  return [...h('div', {}, ...parts).childNodes];
}

interface ParameterField {
  readonly key: string;
  readonly field: FormField;
  /** @returns whether something is wrong with it, after telling so */
  check(): boolean;
}

function parameterField(parameter: TemplateParameter, index: number): ParameterField {
  const { key, description, example, optional = false } = parameter;
  const control = h('input', {
    id: `parameter-${index}`,
    autocomplete: 'off',
    spellcheck: 'false',
    required: !optional,
  });
  const hint = [description, example ? `Example: ${example}` : undefined].filter(Boolean).join(' ');
  const field = formField({ label: `${key}${optional ? ' (optional)' : ''}`, control, hint });
  const check = () => field.tell(parameterProblem(parameter, field.value()));
  control.oninput = check;
  return { key, field, check };
}

function parameterProblem({ optional = false, regex }: TemplateParameter, value: string): string | undefined {
  if (value === '') return optional ? undefined : 'The template needs a value here.';
  const pattern = regex === undefined ? undefined : compiled(regex);
  return pattern && !pattern.test(value) ? `It must match ${regex}.` : undefined;
}

/** AWS writes them for Java: what JavaScript does not know is left to the service. */
function compiled(regex: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${regex})$`, 's');
  } catch {
    return undefined;
  }
}

function groupOf(label: string, templates: readonly ListedTemplate[]): Node[] {
  if (templates.length === 0) return [];
  return [h('optgroup', { label }, ...templates.map(({ arn, name }) => h('option', { value: arn }, name)))];
}

async function managedTemplates(api: CloudApi): Promise<readonly ListedTemplate[]> {
  const input = { maxResults: 250 };
  const { managedJobTemplates } = await api.call<{
    managedJobTemplates: readonly { templateArn: string; templateName: string }[];
  }>('ListManagedJobTemplates', input);
  return managedJobTemplates.map(({ templateArn, templateName }) => ({
    arn: templateArn,
    name: templateName,
    operation: 'DescribeManagedJobTemplate',
    input: { templateName },
  }));
}

async function ownTemplates(api: CloudApi): Promise<readonly ListedTemplate[]> {
  const input = { maxResults: 250 };
  const { jobTemplates } = await api.call<{
    jobTemplates: readonly { jobTemplateArn: string; jobTemplateId: string }[];
  }>('ListJobTemplates', input);
  return jobTemplates.map(({ jobTemplateArn, jobTemplateId }) => ({
    arn: jobTemplateArn,
    name: jobTemplateId,
    operation: 'DescribeJobTemplate',
    input: { jobTemplateId },
  }));
}
