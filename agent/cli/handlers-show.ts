/** `job-agent handlers show NAME`: what an operation takes, what it needs, and how a document asks for it. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonSchema } from '../reference/json-schema.ts';
import { parameterRows } from '../reference/parameter-rows.ts';
import type { CatalogEntry } from '../runs/handler-catalog.ts';
import type { CommandCall } from './commands.ts';
import { subjectOf } from './handler-catalog.ts';
import { columns, visible } from './terminal-text.ts';
import { EXIT } from './usage.ts';

declare const __HANDLER_EXAMPLES__: Readonly<Record<string, unknown>> | undefined;

/** Put in by the build. */
const EXAMPLES = typeof __HANDLER_EXAMPLES__ === 'undefined' ? {} : __HANDLER_EXAMPLES__;

/** @throws UsageError, ConfigError. */
export async function handlersShow(call: CommandCall): Promise<number> {
  const { entry } = await subjectOf(call.operands[0] ?? '', call);
  const example = entry.source === 'built-in' ? EXAMPLES[entry.operation] : await exampleBeside(entry);
  process.stdout.write(
    call.asJson ? `${JSON.stringify({ ...entry, example: example ?? null }, null, 2)}\n` : rendered(entry, example),
  );
  return entry.problems.length === 0 ? EXIT.done : EXIT.failed;
}

/** As `job-agent handlers new` writes it. */
export const EXAMPLE_SUFFIX = '.example.job.json';

async function exampleBeside({ operation, path }: CatalogEntry): Promise<unknown> {
  if (path === null) return undefined;
  const file = join(dirname(path), `${operation}${EXAMPLE_SUFFIX}`);
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined; // there is none, or none that could be shown
  }
}

const RULES: Readonly<Record<CatalogEntry['onInterrupted'], string>> = {
  fail: 'fail: the job is FAILED',
  rerun: 'rerun: it runs again from the beginning',
  resume: 'resume: it runs again, and goes on from its checkpoint',
};

function rendered(entry: CatalogEntry, example: unknown): string {
  const { operation, kind, source, path, manifestPath, summary, needs, onInterrupted, exclusive, timeoutSeconds } =
    entry;
  const facts: (readonly [string, string | null])[] = [
    ['kind', kind === null ? null : `${kind}${source === 'built-in' ? ', built in' : ''}`],
    ['file', path],
    ['manifest', manifestPath],
    ['needs', needs],
    ['interrupted', RULES[onInterrupted]],
    ['exclusive', exclusive ? 'it runs only when no other job does' : null],
    ['time limit', timeoutSeconds === null ? 'none, unless the step has one' : `${timeoutSeconds} s`],
  ];
  const known = facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const problems = entry.problems.map(({ reasonCode, reason }) => `REFUSED: ${reasonCode}: ${visible(reason)}\n`);
  return [
    `${visible(operation)}\n`,
    summary === null ? '' : `${visible(summary)}\n`,
    ...problems,
    columns(known),
    parametersOf(entry),
    example === undefined ? '' : `example:\n${visible(JSON.stringify(example, null, 2))}\n`,
  ].join('');
}

function parametersOf({ parameters, source }: CatalogEntry): string {
  if (parameters === null) {
    return source === 'built-in' ? '' : 'parameters: not checked; a manifest with a schema would\n';
  }
  const rows = parameterRows(parameters as JsonSchema);
  if (rows.length === 0) return 'parameters: none\n';
  const lines = rows.map(([name = '', type = '', byDefault = '', limits = '', what = '']) => {
    const parts = [byDefault === 'required' ? 'required' : '', type, limits, what].filter((part) => part !== '');
    return [plain(name), plain(parts.join('; '))] as const;
  });
  return `parameters:\n${columns(lines)}`;
}

/** The reference is written in Markdown. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
