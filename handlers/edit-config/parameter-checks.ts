/** What the schema of edit-config cannot say. Reasons name places, never values: one may be a password. */
import type { HandlerFacts, ParameterProblem } from '../../agent/handler-api.ts';
import { checkCommands } from './change-parameters.ts';
import { SEPARATORS, type Separator } from './ini-lines.ts';
import type { EditConfigParameters } from './parameters.ts';

type Format = EditConfigParameters['format'];
type Change = 'merge' | 'patch' | 'separator' | 'ensureLines' | 'removeLines';

const BELONGS_TO: Readonly<Record<Change, readonly Format[]>> = {
  merge: ['json', 'yaml', 'ini'],
  patch: ['json', 'yaml'],
  separator: ['ini'],
  ensureLines: ['lines'],
  removeLines: ['lines'],
};

export function checkEdit(parameters: EditConfigParameters, facts: HandlerFacts): ParameterProblem | undefined {
  const { format, merge, patch } = parameters;
  for (const [name, formats] of Object.entries(BELONGS_TO) as [Change, readonly Format[]][]) {
    if (parameters[name] !== undefined && !formats.includes(format)) {
      return { pointer: `/${name}`, reason: `means nothing for ${format}; it goes with ${listed(formats)}` };
    }
  }
  const changes = (['merge', 'patch', 'ensureLines', 'removeLines'] as const).filter((name) =>
    BELONGS_TO[name].includes(format),
  );
  if (changes.every((name) => parameters[name] === undefined)) {
    return {
      pointer: `/${changes[0]}`,
      reason: `is required, or ${changes.slice(1).join(', ') || 'nothing would change'}`,
    };
  }
  return (
    (format === 'ini' ? iniProblem(merge ?? {}, SEPARATORS[parameters.separator ?? 'equals']) : undefined) ??
    patchProblem(patch ?? []) ??
    checkCommands(parameters, facts)
  );
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' and ');
}

function iniProblem(members: object, separator: Separator): ParameterProblem | undefined {
  for (const [name, value] of Object.entries(members) as [string, unknown][]) {
    const pointer = `/merge/${escaped(name)}`;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      // null removes a key or a section: then the name may be that of either.
      const problem = (value === null ? undefined : keyProblem(name, separator)) ?? valueProblem(value);
      if (problem !== undefined) return { pointer, reason: problem };
      continue;
    }
    if (!SECTION_NAME.test(name)) return { pointer, reason: 'expected the name of a section, without ] and line ends' };
    for (const [key, entry] of Object.entries(value) as [string, unknown][]) {
      const problem = keyProblem(key, separator) ?? valueProblem(entry);
      if (problem !== undefined) return { pointer: `${pointer}/${escaped(key)}`, reason: problem };
    }
  }
  return undefined;
}

const SECTION_NAME = /^[^\]\p{Cc}]+$/u;

function keyProblem(key: string, separator: Separator): string | undefined {
  const isKey = key !== '' && key === key.trim() && !/^[#;[]|\p{Cc}/u.test(key);
  const hasSeparator = separator === ' ' ? /\s/.test(key) : key.includes(separator);
  if (isKey && !hasSeparator) return undefined;
  return `expected a key, without "${separator}", line ends, space around it, and # ; [ at its beginning`;
}

function valueProblem(value: unknown): string | undefined {
  if (value === null) return undefined;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0) return 'expected at least one value; null removes the key';
  return values.every(isIniValue) ? undefined : 'expected text, a number, true, false, a list of these, or null';
}

/** One line, and not one that the next line would continue. */
function isIniValue(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  return typeof value === 'string' && value === value.trim() && !/(?!\t)\p{Cc}|\\$/u.test(value);
}

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/; // RFC 6901, part 3

function patchProblem(operations: readonly object[]): ParameterProblem | undefined {
  for (const [index, operation] of operations.entries()) {
    const { op, path, from } = operation as Readonly<Record<string, unknown>>;
    const at = (member: string, expected: string) => ({
      pointer: `/patch/${index}/${member}`,
      reason: `expected ${expected} (RFC 6902)`,
    });
    if (typeof op !== 'string' || !OPERATIONS.includes(op)) return at('op', `one of ${OPERATIONS.join(', ')}`);
    if (!isPointer(path)) return at('path', 'a JSON pointer, such as /a/0');
    const needsFrom = op === 'move' || op === 'copy';
    if (needsFrom && !isPointer(from)) return at('from', 'a JSON pointer, such as /a/0');
    if (['add', 'replace', 'test'].includes(op) && !Object.hasOwn(operation, 'value')) return at('value', 'a value');
  }
  return undefined;
}

function isPointer(value: unknown): boolean {
  return typeof value === 'string' && POINTER.test(value);
}

/** RFC 6901, part 3. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
