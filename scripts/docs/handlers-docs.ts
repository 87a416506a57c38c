/** The reference of the operations, as text. Made from the handlers, their notes and examples, and what they are tested against. */
import type { JobHandler, OnInterrupted } from '../../agent/handler-api.ts';
import type { JsonSchema } from '../../agent/reference/json-schema.ts';
import { PARAMETER_COLUMNS, parameterRows } from '../../agent/reference/parameter-rows.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { TESTED_AGAINST, type TestedAgainst } from '../../test/handlers/tested-against.ts';
import { renderTable } from './markdown-table.ts';
import { readRepositoryFile } from './repository-files.ts';

const KINDS: Readonly<Record<JobHandler['kind'], string>> = {
  command: 'the agent runs a program',
  module: 'runs in a process of its own',
  inline: 'runs in the agent, in a few milliseconds',
};

const INTERRUPTION_RULES: Readonly<Record<OnInterrupted, string>> = {
  fail: 'The job is reported FAILED: how far it had come is not known, and doing it twice might do harm.',
  rerun: 'It runs again from the beginning: done twice, it comes to the same.',
  resume: 'It runs again, and goes on from where it had come to.',
};

type Fact = readonly [name: string, text: string];

export function renderHandlersPage(): string {
  return `# Operations

<!-- Made by \`npm run docs\` from handlers/ and test/handlers/tested-against.ts. -->

What a job can do without a program of your own: \`operation\` in a [job document](job-documents.md) names one of these.
[Another one](../handlers/README.md#write-your-own-handler) is a file in \`handlersDir\`, or a handler in TypeScript.
Parameters are checked before anything runs; a document with a mistake is REJECTED with the place and what was expected.
[job-document.schema.json](job-document.schema.json) has the same for [editors](job-documents.md#in-an-editor).

${renderTable(
  ['Operation', 'What it does', 'Parameters', 'After a power cut', 'Example', 'Needs', 'Tested against'],
  builtInHandlers.map(overviewRow),
)}
Parameters in brackets may be left out. After a power cut, or when the agent was lost:

${renderTable(
  ['Rule', 'What happens'],
  Object.entries(INTERRUPTION_RULES).map(([rule, text]) => [`\`${rule}\``, text]),
)}
${builtInHandlers.map(renderOperation).join('\n')}`;
}

function overviewRow(handler: JobHandler): readonly string[] {
  const { operation, summary, onInterrupted = 'fail', needs } = handler;
  return [
    `[\`${operation}\`](#${operation})`,
    summary,
    namesOf(schemaOf(handler)),
    `\`${onInterrupted}\``,
    `[example](../handlers/${operation}/example.job.json)`,
    needs ?? 'nothing',
    testedInWords(operation),
  ];
}

function renderOperation(handler: JobHandler): string {
  const { operation, summary } = handler;
  const schema = schemaOf(handler);
  const rows = parameterRows(schema);
  const parameters = rows.length === 0 ? 'It has no parameters.\n' : renderTable(PARAMETER_COLUMNS, rows);
  return `## ${operation}

${summary}

${notesOf(operation)}${factsOf(handler)
  .map(([name, text]) => `- ${name}: ${text}\n`)
  .join('')}
${parameters}
\`\`\`json
${readRepositoryFile(`handlers/${operation}/example.job.json`)?.trimEnd() ?? ''}
\`\`\`
`;
}

function factsOf(handler: JobHandler): readonly Fact[] {
  const { operation, kind, onInterrupted = 'fail', exclusive, defaultTimeoutSeconds, needs } = handler;
  const standIns = handler.managedTemplates?.map((template) => `\`${template.handler}\``) ?? [];
  return [
    ['Kind', `\`${kind}\`, ${KINDS[kind]}`],
    ['After a power cut', `\`${onInterrupted}\``],
    ...(exclusive === true ? [['Exclusive', 'it runs only when no other job does'] as const] : []),
    ['Time limit', timeLimitOf(defaultTimeoutSeconds)],
    ['Needs', needs ?? 'nothing but the agent'],
    ...(handler.plan === undefined ? [] : [['Dry run', 'it can say what it would do, and changes nothing'] as const]),
    ...(standIns.length === 0
      ? []
      : [
          [
            'Stands in for',
            `${standIns.join(', ')} of AWS’s managed templates, where \`handlersDir\` has no such file`,
          ] as const,
        ]),
    ...testedAgainstFacts(testedAgainst(operation)),
    ['Tests', linksTo(testedAgainst(operation).tests)],
  ];
}

function timeLimitOf(seconds: number | undefined): string {
  if (seconds === undefined) return 'none, unless the step sets `timeoutSeconds`';
  return `${seconds.toLocaleString('en-US')} seconds, unless the step sets \`timeoutSeconds\``;
}

/** `url`, `path` and those that may be left out, in brackets. */
function namesOf({ properties = {}, required = [] }: JsonSchema): string {
  const names = Object.keys(properties).map((name) => (required.includes(name) ? `\`${name}\`` : `[\`${name}\`]`));
  return names.join(', ') || 'none';
}

function testedInWords(operation: string): string {
  return testedAgainstFacts(testedAgainst(operation))
    .map(([name, text]) => `${name.replace('Tested against ', '')}: ${text}`)
    .join('; ');
}

function testedAgainstFacts({ real, standIn, argumentListsOnly }: TestedAgainst): readonly Fact[] {
  return [
    ...(real === undefined ? [] : [['Tested against the real thing', real] as const]),
    ...(standIn === undefined ? [] : [['Tested against a stand-in', standIn] as const]),
    ...(argumentListsOnly === undefined ? [] : [['Argument lists only', argumentListsOnly] as const]),
  ];
}

/** A rule test says more kindly what is missing. */
function testedAgainst(operation: string): TestedAgainst {
  return TESTED_AGAINST[operation] ?? { tests: [] };
}

function linksTo(files: readonly string[]): string {
  return files.map((file) => `[${file.replace(/^test\//, '')}](../${file})`).join(', ');
}

/** What an operator should know besides, with links as from the handler's folder. */
function notesOf(operation: string): string {
  const notes = readRepositoryFile(`handlers/${operation}/notes.md`)?.trim();
  if (notes === undefined) return '';
  return `${notes.replaceAll('](../../docs/', '](').replaceAll('](../../', '](../')}\n\n`;
}

function schemaOf({ parameters }: JobHandler): JsonSchema {
  return parameters as unknown as JsonSchema;
}
