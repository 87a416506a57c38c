/** Makes a job, and says what is wrong with it before the service is asked. */
import { findJsonMistake } from '../../../agent/config/json-mistake.ts';
import { ApiError, type CloudApi } from './cloud-api.ts';
import { documentProblem, jobIdProblem, MAX_DOCUMENT_LENGTH } from './document-check.ts';
import { h } from './element.ts';
import { debounced, type FormPart, formField } from './form-field.ts';
import { addressOf } from './parts.ts';
import { targetField } from './target-field.ts';
import { templateField } from './template-field.ts';
import type { View, ViewContext } from './view.ts';

export function newJobView(context: ViewContext): View {
  const { api, query } = context;
  const jobId = jobIdField(api);
  const targets = targetField(api, query.get('thing'));
  const what = whatToRun(api);
  const more = furtherMembers();
  /** Members of CreateJob. */
  const parts: readonly FormPart<object>[] = [
    jobId,
    { ...targets, read: asMember('targets', targets.read) },
    what,
    more,
  ];
  const onsubmit = (event: Event) => {
    event.preventDefault();
    void createJob(parts, context);
  };
  const form = h(
    'form',
    // Our own checks explain more than the browser's.
    { onsubmit, novalidate: true, class: 'wide-form' },
    ...parts.map(({ element }) => element),
    h('button', { type: 'submit', class: 'primary' }, 'Create the job'),
  );
  const title = 'Create a job';
  return {
    title,
    element: h('div', {}, h('h1', { tabindex: -1 }, title), form),
    refresh: async () => undefined,
    concerns: () => false,
  };
}

async function createJob(parts: readonly FormPart<object>[], { api, act, goTo, announce }: ViewContext): Promise<void> {
  const input = await readParts(parts).catch((error: unknown) =>
    act(() => Promise.reject(error)).then(() => undefined),
  );
  if (input === null) announce('The job was not created: a field needs another value');
  if (!input) return;
  await act(async () => {
    const { jobId } = await api.call<{ jobId: string }>('CreateJob', input);
    goTo(addressOf('jobs', jobId));
    return `Job ${jobId} was created.`;
  });
}

/** @returns null when something is wrong, after it was told @throws ApiError where the cloud does not answer */
async function readParts(parts: readonly FormPart<object>[]): Promise<object | null> {
  let input: object = {};
  for (const part of parts) {
    const members = await part.read();
    if (members === null) return null;
    input = { ...input, ...members };
  }
  return input;
}

function asMember<Value>(name: string, read: () => Promise<Value | null>): () => Promise<object | null> {
  return async () => {
    const value = await read();
    return value === null ? null : { [name]: value };
  };
}

function jobIdField(api: CloudApi): FormPart<object> {
  const suggestion = `job-${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}`;
  const control = h('input', {
    id: 'job-id',
    value: suggestion,
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const field = formField({
    label: 'Job ID',
    control,
    hint: '1 to 64 of a-z, A-Z, 0-9, _ and -. No other job may have it.',
  });
  const check = async (): Promise<boolean> => {
    const jobId = field.value();
    const problem = jobIdProblem(jobId) ?? (await takenProblem(api, jobId));
    // Something else was typed meanwhile.
    return jobId !== field.value() || field.tell(problem);
  };
  const checkSoon = debounced(() => void check());
  control.oninput = checkSoon;
  return {
    element: field.element,
    read: async () => {
      if (!(await check())) return { jobId: field.value() };
      control.focus();
      return null;
    },
  };
}

/** Where it cannot be asked, CreateJob will say. */
async function takenProblem(api: CloudApi, jobId: string): Promise<string | undefined> {
  try {
    await api.get(`jobs/${encodeURIComponent(jobId)}`);
    return `There is a job ${jobId} already.`;
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** A document or a template. */
function whatToRun(api: CloudApi): FormPart<object> {
  const pastedDocument = documentField();
  const template = templateField(api);
  const pasted = h('input', { type: 'radio', name: 'what', id: 'what-document', value: 'document', checked: true });
  const chosen = h('input', { type: 'radio', name: 'what', id: 'what-template', value: 'template' });
  const show = () => {
    pastedDocument.element.hidden = !pasted.checked;
    template.element.hidden = pasted.checked;
  };
  pasted.onchange = show;
  chosen.onchange = show;
  show();
  return {
    element: h(
      'fieldset',
      {},
      h('legend', {}, 'What to run'),
      h('div', { class: 'choice' }, pasted, h('label', { for: 'what-document' }, 'A job document')),
      h('div', { class: 'choice' }, chosen, h('label', { for: 'what-template' }, 'A template')),
      pastedDocument.element,
      template.element,
    ),
    read: () => (pasted.checked ? pastedDocument.read() : template.read()),
  };
}

function documentField(): FormPart<object> {
  const control = h('textarea', { id: 'document', rows: 10, spellcheck: 'false', autocomplete: 'off', class: 'code' });
  const count = h('span', {}, '0');
  const hint = h('span', {}, 'A JSON object; ', count, ` of ${MAX_DOCUMENT_LENGTH.toLocaleString('en')} characters.`);
  const field = formField({ label: 'Job document', control, hint });
  const check = () => field.tell(documentProblem(field.value()));
  const checkSoon = debounced(check);
  control.oninput = () => {
    count.textContent = field.value().length.toLocaleString('en');
    checkSoon();
  };
  return {
    element: field.element,
    read: async () => {
      if (!check()) return { document: field.value() };
      control.focus();
      return null;
    },
  };
}

function furtherMembers(): FormPart<object> {
  const description = h('input', { id: 'description', maxlength: 2028, autocomplete: 'off' });
  const selection = h('select', { id: 'selection' }, h('option', {}, 'SNAPSHOT'), h('option', {}, 'CONTINUOUS'));
  const json = h('textarea', { id: 'members', rows: 4, spellcheck: 'false', autocomplete: 'off', class: 'code' });
  const selectionHint = 'CONTINUOUS: things that join a targeted group later get the job too.';
  const jsonHint =
    'A JSON object with further members of CreateJob, as {"timeoutConfig":{"inProgressTimeoutInMinutes":5}}';
  const members = formField({ label: 'Further members (optional)', control: json, hint: jsonHint });
  const check = () => members.tell(membersProblem(members.value()));
  json.oninput = debounced(check);
  return {
    element: h(
      'details',
      { class: 'box' },
      h('summary', {}, 'Description, target selection, time-outs and more'),
      formField({ label: 'Description (optional)', control: description }).element,
      formField({ label: 'Target selection', control: selection, hint: selectionHint }).element,
      members.element,
    ),
    read: async () => {
      if (check()) {
        json.focus();
        return null;
      }
      const further: object = json.value.trim() === '' ? {} : JSON.parse(json.value);
      const text = description.value.trim();
      return { targetSelection: selection.value, ...(text !== '' && { description: text }), ...further };
    },
  };
}

function membersProblem(text: string): string | undefined {
  if (text.trim() === '') return undefined;
  const mistake = findJsonMistake(text);
  if (mistake) return `Line ${mistake.line}, column ${mistake.column}: ${mistake.expected} was expected.`;
  return text.trim().startsWith('{') ? undefined : 'It is a JSON object: it begins with { and ends with }.';
}
