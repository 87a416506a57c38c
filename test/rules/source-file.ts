/** Sources as syntax trees, and the little of their grammar that the rules ask about. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
}

/** ESTree, with TypeScript's additions. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** Every folder with sources of programs. */
export const SOURCE_FOLDERS = ['agent', 'handlers', 'local-cloud', 'demo', 'bench', 'scripts'];

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function readSources(folders: readonly string[] = SOURCE_FOLDERS): Promise<readonly SourceFile[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(join(root, folder), { recursive: true });
      return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
    }),
  );
  const paths = found.flat();
  return Promise.all(paths.sort().map(async (path) => parseSource(path, await readFile(join(root, path), 'utf8'))));
}

/** @throws when it is not TypeScript. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return { path, text, program: program as unknown as SyntaxNode };
}

/** Calls `visit` for the node and everything in it, parents first. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void): void {
  const descend = (current: SyntaxNode, parents: readonly SyntaxNode[]) => {
    visit(current, parents);
    for (const child of childrenOf(current)) descend(child, [current, ...parents]);
  };
  descend(node, []);
}

function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  return Object.values(node).flat().filter(isNode);
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** Counts from 1. */
export function lineOf({ text }: SourceFile, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The text of a string literal, `undefined` for anything else. */
export function stringOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

export interface ImportFact {
  /** A path in the repository, `node:fs`, or the name of a package. */
  readonly target: string;
  /** Gone after compilation. */
  readonly isTypeOnly: boolean;
}

/** Imports and re-exports, static and dynamic. */
export function importsOf(source: SourceFile): readonly ImportFact[] {
  const facts: ImportFact[] = [];
  walk(source.program, (node) => {
    const specifier = stringOf(node.source);
    if (specifier === undefined) return;
    const target = specifier.startsWith('.') ? relative('.', join(dirname(source.path), specifier)) : specifier;
    facts.push({ target, isTypeOnly: isTypeOnly(node) });
  });
  return facts;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : [];
  return specifiers.length > 0 && specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type');
}
