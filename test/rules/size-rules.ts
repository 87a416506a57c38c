/** Ceilings: where one is reached, something wants to be split. */
import { basename } from 'node:path/posix';
import { isNode, lineOf, type SourceFile, type SyntaxNode, walk } from './source-file.ts';

const MAX_FILE_LINES = 350;
const MAX_FUNCTION_LINES = 60;
const MAX_PARAMETERS = 4;
/** Names that say nothing of what is inside. */
const EMPTY_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'index', 'misc', 'shared'];

export function sizeViolations(source: SourceFile): readonly string[] {
  const violations: string[] = [];
  const lines = source.text.trimEnd().split('\n').length;
  if (lines > MAX_FILE_LINES) violations.push(`${source.path} has ${lines} lines, more than ${MAX_FILE_LINES}`);
  walk(source.program, (node) => {
    if (!Array.isArray(node.params) || !isNode(node.body)) return;
    const first = lineOf(source, node.start);
    const length = lineOf(source, node.end) - first + 1;
    const where = `${source.path}:${first} has a function`;
    if (length > MAX_FUNCTION_LINES) violations.push(`${where} of ${length} lines, more than ${MAX_FUNCTION_LINES}`);
    if (node.params.length > MAX_PARAMETERS) {
      violations.push(`${where} of ${node.params.length} parameters, more than ${MAX_PARAMETERS}`);
    }
  });
  return violations;
}

export function formViolations(source: SourceFile): readonly string[] {
  const violations: string[] = [];
  walk(source.program, (node) => {
    const form = FORBIDDEN_FORMS[node.type];
    if (form !== undefined) violations.push(`${at(source, node)} has ${form}`);
  });
  return violations;
}

const FORBIDDEN_FORMS: Readonly<Record<string, string>> = {
  TSAnyKeyword: 'an `any`',
  TSNonNullExpression: 'a `!`',
  ExportDefaultDeclaration: 'a default export',
  TSEnumDeclaration: 'an enum',
};

export function nameViolations(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const name = basename(path).replace(/(\.test)?\.ts$/, '');
    if (EMPTY_NAMES.includes(name)) return [`${path}: the name says nothing of what is inside`];
    return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) ? [] : [`${path}: file names are kebab-case`];
  });
}

function at(source: SourceFile, node: SyntaxNode): string {
  return `${source.path}:${lineOf(source, node.start)}`;
}
