/** `job-agent handlers new NAME`: a handler that can be run at once, with its example and its test. */
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { quote } from '../core/describe-value.ts';
import { nearestName } from '../core/nearest-name.ts';
import { fileProblem } from '../files/file-problem.ts';
import type { CommandCall } from './commands.ts';
import { readCatalog } from './handler-catalog.ts';
import { pythonTemplate, shTemplate } from './templates/executable-template.ts';
import { jsTemplate, tsTemplate } from './templates/module-template.ts';
import type { MakeTemplate, Template } from './templates/template.ts';
import { EXIT, UsageError } from './usage.ts';

interface Language {
  readonly kind: 'executable' | 'module';
  readonly make: MakeTemplate;
}

/** The first of a kind is what it is written in unless said otherwise. */
const LANGUAGES: Readonly<Record<string, Language>> = {
  sh: { kind: 'executable', make: shTemplate },
  python: { kind: 'executable', make: pythonTemplate },
  js: { kind: 'module', make: jsTemplate },
  ts: { kind: 'module', make: tsTemplate },
};
const KINDS = ['executable', 'module'];

/** As documents name operations; long enough for any, and a file name on every system. */
const OPERATION_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 64;

/** @throws UsageError for a name that cannot be, and for files that are there already; then nothing is written. */
export async function handlersNew(call: CommandCall): Promise<number> {
  const operation = call.operands[0] ?? '';
  checkName(operation);
  const { make } = languageOf(call.values);
  const folder = resolve(typeof call.values.dir === 'string' ? call.values.dir : '.');
  await refuseBuiltIn(operation, call);
  const { files, next } = make(operation);
  await refuseExisting(
    [...files.map(({ name }) => name), operation, `${operation}.mjs`].map((name) => join(folder, name)),
  );
  await writeFiles(files, folder).catch(async (error) => {
    throw new UsageError(`it cannot be written: ${await fileProblem(error, folder, 'folder')}`);
  });
  const paths = files.map(({ name }) => join(folder, name));
  const problem = await problemOf(operation, folder, call);
  const report = { operation, files: paths, next, ...(problem === undefined ? {} : { problem }) };
  process.stdout.write(call.asJson ? `${JSON.stringify(report, null, 2)}\n` : rendered(report, folder));
  return EXIT.done;
}

async function writeFiles(files: Template['files'], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const { name, text, isProgram } of files) {
    const path = join(folder, name);
    await writeFile(path, text, { flag: 'wx' });
    await chmod(path, isProgram ? 0o755 : 0o644); // whatever the umask: others may not write a handler
  }
}

function checkName(name: string): void {
  if (OPERATION_NAME.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new UsageError(
    `${quote(name)} is no name of an operation: lower case words joined by hyphens, such as restart-modem, at most ${MAX_NAME_LENGTH} characters`,
  );
}

function languageOf({ kind, language }: CommandCall['values']): Language {
  if (kind !== undefined && !KINDS.includes(String(kind))) {
    throw new UsageError(`--kind is one of ${KINDS.join(', ')}; got ${JSON.stringify(kind)}`);
  }
  const names = Object.keys(LANGUAGES).filter((name) => kind === undefined || LANGUAGES[name]?.kind === kind);
  const wanted = language === undefined ? names[0] : String(language);
  const found = names.includes(wanted ?? '') ? LANGUAGES[wanted ?? ''] : undefined;
  if (found !== undefined) return found;
  const nearest = nearestName(String(wanted), names);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const of = kind === undefined ? '' : ` of an ${String(kind)}`.replace('an module', 'a module');
  throw new UsageError(`--language${of} is one of ${names.join(', ')}; got ${JSON.stringify(wanted)}${hint}`);
}

async function refuseBuiltIn(operation: string, call: CommandCall): Promise<void> {
  const { entries } = await readCatalog(call);
  if (entries.some((entry) => entry.operation === operation && entry.source === 'built-in')) {
    throw new UsageError(
      `the agent has an operation ${operation} of its own, which wins over a file; choose another name`,
    );
  }
}

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of new Set(paths)) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) throw new UsageError(`${path} is there already; nothing was written`);
  }
}

/** What would keep the agent from using it where it is now, such as a folder that others may write. */
async function problemOf(operation: string, folder: string, call: CommandCall): Promise<string | undefined> {
  const { entries } = await readCatalog({ ...call, values: { 'handlers-dir': folder } });
  return entries.find((entry) => entry.operation === operation)?.problems[0]?.reason;
}

interface Report {
  readonly files: readonly string[];
  readonly next: readonly string[];
  readonly problem?: string;
}

function rendered({ files, next, problem }: Report, folder: string): string {
  const commands = folder === resolve('.') ? next : [`cd ${folder}`, ...next];
  return [
    ...files.map((path) => `wrote ${path}\n`),
    problem === undefined ? '' : `\nAs it is the agent would refuse it: ${problem}\n`,
    '\nNext:\n',
    ...commands.map((command) => `  ${command}\n`),
  ].join('');
}
