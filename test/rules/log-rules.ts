/** Constant message, varying fields: a log that can be searched. And one place that reads the environment. */
import { isNode, lineOf, type SourceFile, type SyntaxNode, stringOf, walk } from './source-file.ts';

const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

export function logViolations(source: SourceFile): readonly string[] {
  const violations: string[] = [];
  walk(source.program, (node, [parent]) => {
    if (!isLogCall(node) || !Array.isArray(node.arguments) || isForwarder(node, parent)) return;
    const [fields, message] = node.arguments as SyntaxNode[];
    const where = `${source.path}:${lineOf(source, node.start)}`;
    if (isText(fields)) violations.push(`${where} logs without fields: the object comes first, the message second`);
    else if (stringOf(message) === undefined) violations.push(`${where} logs a message that is not one constant text`);
  });
  return violations;
}

/** `log.info(…)`, `this.log.warn(…)`, `options.logger.error(…)`. */
function isLogCall({ type, callee }: SyntaxNode): boolean {
  if (type !== 'CallExpression' || !isNode(callee) || callee.type !== 'MemberExpression') return false;
  const { object, property } = callee;
  if (!isNode(object) || !isNode(property) || !LEVELS.has(String(property.name))) return false;
  const owner = object.type === 'MemberExpression' && isNode(object.property) ? object.property : object;
  return /(^l|L)og(ger)?$/.test(String(owner.name));
}

/** `(fields, message) => log.info(fields, message)`: the caller’s text is the constant one. */
function isForwarder(call: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  const names = (nodes: unknown) => (Array.isArray(nodes) ? nodes.map(({ name }) => name).join() : undefined);
  return parent?.type === 'ArrowFunctionExpression' && names(parent.params) === names(call.arguments);
}

function isText(node: SyntaxNode | undefined): boolean {
  return (
    node === undefined || stringOf(node) !== undefined || ['TemplateLiteral', 'BinaryExpression'].includes(node.type)
  );
}

/** Whoever starts the program hands the environment on; the configuration makes values of it. */
const ENVIRONMENT_READERS = [
  'agent/main.ts',
  'agent/config/',
  'agent/handler-tools/run-program.ts', // adds to what it hands on to a program
  'local-cloud/main.ts',
  'demo/main.ts',
  'bench/',
];

export function environmentViolations(source: SourceFile): readonly string[] {
  if (ENVIRONMENT_READERS.some((reader) => source.path.startsWith(reader))) return [];
  const violations: string[] = [];
  walk(source.program, (node) => {
    if (readsEnvironment(node)) violations.push(`${source.path}:${lineOf(source, node.start)} reads process.env`);
  });
  return violations;
}

/** `process.env`, `const { env } = process`, `import { env } from 'node:process'`. */
function readsEnvironment(node: SyntaxNode): boolean {
  const isProcess = (value: unknown) => isNode(value) && value.name === 'process';
  const isEnv = (value: unknown) => isNode(value) && (value.name === 'env' || stringOf(value) === 'env');
  if (node.type === 'MemberExpression') return isProcess(node.object) && isEnv(node.property);
  if (node.type === 'ImportDeclaration' && /^(node:)?process$/.test(stringOf(node.source) ?? '')) {
    return (node.specifiers as SyntaxNode[]).some(({ imported }) => isEnv(imported));
  }
  if (node.type !== 'VariableDeclarator' || !isProcess(node.init) || !isNode(node.id)) return false;
  return ((node.id.properties ?? []) as SyntaxNode[]).some(({ key }) => isEnv(key));
}
