/** Every code that a source can report is in the table, and every code of the table is reported by a source. */
import { isNode, type SourceFile, type SyntaxNode, stringOf, walk } from './source-file.ts';

/** Where codes for `statusDetails` come from. Adapters and the configuration have error codes of their own. */
const REPORTING_FOLDERS = [
  'agent/core/',
  'agent/jobs/',
  'agent/runs/',
  'agent/handler-host/',
  'agent/handler-api.ts',
  'handlers/',
];

/** Written like a reason code, and something else. */
const NO_REASON_CODES = new Set([
  'IN_PROGRESS', // statuses of the service
  'TIMED_OUT',
]);
const NO_REASON_PREFIXES = ['JOB_', 'EAI_', 'ERR_', 'CERT_', 'SELF_SIGNED_', 'UNABLE_TO_'];

export interface CodeTables {
  readonly reasonCodes: readonly string[];
  /** Transport and journal: the compiler already holds those tables to their types. */
  readonly otherCodes: readonly string[];
}

export function reasonCodeViolations(sources: readonly SourceFile[], tables: CodeTables): readonly string[] {
  const used = new Map<string, string>();
  const reported = new Set<string>();
  for (const source of sources.filter(({ path }) => REPORTING_FOLDERS.some((folder) => path.startsWith(folder)))) {
    walk(source.program, (node, [parent]) => {
      const text = stringOf(node);
      if (text === undefined || !/^[A-Z][A-Z0-9_]+$/.test(text)) return;
      used.set(text, source.path);
      if (text.includes('_') || isReported(node, parent)) reported.add(text);
    });
  }
  const isKnown = (code: string) => tables.reasonCodes.includes(code) || tables.otherCodes.includes(code);
  const isNoReason = (code: string) =>
    NO_REASON_CODES.has(code) || NO_REASON_PREFIXES.some((prefix) => code.startsWith(prefix));
  const unknown = [...used].filter(([code]) => reported.has(code) && !isKnown(code) && !isNoReason(code));
  return [
    ...unknown.map(([code, path]) => `${path} uses ${code}, which agent/errors.ts does not explain`),
    ...tables.reasonCodes
      .filter((code) => !used.has(code))
      .map((code) => `agent/errors.ts explains ${code}: no source uses it`),
  ];
}

/** `failed('CODE', …)` and its like, and `reasonCode: 'CODE'`. */
function isReported(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent?.type === 'Property') return isNode(parent.key) && parent.key.name === 'reasonCode';
  if (parent?.type !== 'CallExpression' || !isNode(parent.callee)) return false;
  const [first] = parent.arguments as SyntaxNode[];
  return first === node && /^(failed|failure|failedRun|rejected|rejection|refused)$/.test(String(parent.callee.name));
}
