/** Who may import whom (design: arrows go one way). */
import { type ImportFact, importsOf, type SourceFile, walk } from './source-file.ts';

interface FolderRule {
  /** A folder with its slash, or one file. */
  readonly from: string;
  /** Paths that begin so may be imported; `type ` before it: their types only. */
  readonly to: readonly string[];
  /** Packages; `type ` before it: their types only. Every one when left out. */
  readonly packages?: readonly string[];
  /** May it import `node:…`? */
  readonly builtins: boolean;
}

/** The first that fits a file holds. A file that none fits is a violation: new folders are thought about. */
const RULES: readonly FolderRule[] = [
  { from: 'agent/core/', to: ['agent/core/'], packages: [], builtins: false },
  { from: 'agent/protocol/', to: ['agent/protocol/', 'agent/core/'], packages: [], builtins: false },
  { from: 'agent/ports/', to: ['type agent/core/', 'type agent/ports/'], packages: ['type typebox'], builtins: false },
  { from: 'agent/adapters/', to: ['agent/adapters/', 'agent/ports/', 'agent/core/'], builtins: true },
  // Tools over the disk, of which everything else may be made.
  { from: 'agent/handler-tools/', to: ['agent/handler-tools/'], packages: [], builtins: true },
  { from: 'agent/files/', to: ['agent/files/'], packages: [], builtins: true },
  {
    // The loop knows what it asks of runs, and nothing of how they are done.
    from: 'agent/jobs/',
    to: ['agent/jobs/', 'agent/protocol/', 'agent/ports/', 'agent/core/', 'type agent/runs/step-runner.ts'],
    packages: ['type pino', 'type typebox'],
    builtins: true,
  },
  {
    from: 'agent/runs/',
    to: [
      'agent/runs/',
      'agent/ports/',
      'agent/core/',
      'agent/handler-api.ts',
      'agent/files/',
      'agent/config/json-mistake.ts',
    ],
    packages: ['type pino'],
    builtins: true,
  },
  {
    // A program of its own, and so a second place that knows which handlers exist.
    from: 'agent/handler-host/',
    to: [
      'agent/handler-host/',
      'agent/handler-api.ts',
      'agent/files/',
      'agent/core/',
      'handlers/built-in.ts',
      // What agent and host hand each other through files.
      'agent/runs/handler-host-request.ts',
      'agent/runs/checkpoint-file.ts',
      'agent/runs/handler-result.ts',
    ],
    packages: [],
    builtins: true,
  },
  {
    from: 'agent/handler-api.ts',
    to: ['type agent/core/', 'agent/core/redact.ts', 'agent/files/', 'agent/handler-tools/'],
    packages: ['typebox'],
    builtins: false,
  },
  {
    from: 'agent/config/',
    to: ['agent/config/', 'agent/core/', 'agent/files/', 'agent/handler-tools/artifact-key.ts'],
    packages: ['typebox', 'ajv', 'env-schema'],
    builtins: true,
  },
  { from: 'agent/log', to: ['agent/log', 'agent/core/'], packages: ['pino', 'pino-pretty'], builtins: true },
  {
    from: 'agent/handler-reason-codes.ts',
    to: [
      'agent/container-reason-codes.ts',
      'agent/file-reason-codes.ts',
      'agent/firmware-reason-codes.ts',
      'agent/transfer-reason-codes.ts',
    ],
    packages: [],
    builtins: false,
  },
  { from: 'agent/transfer-reason-codes.ts', to: ['type agent/handler-reason-codes.ts'], packages: [], builtins: false },
  { from: 'agent/file-reason-codes.ts', to: ['type agent/handler-reason-codes.ts'], packages: [], builtins: false },
  {
    from: 'agent/container-reason-codes.ts',
    to: ['type agent/handler-reason-codes.ts'],
    packages: [],
    builtins: false,
  },
  { from: 'agent/firmware-reason-codes.ts', to: ['type agent/handler-reason-codes.ts'], packages: [], builtins: false },
  {
    from: 'agent/errors.ts',
    to: ['type agent/ports/', 'agent/handler-reason-codes.ts'],
    packages: [],
    builtins: false,
  },
  {
    from: 'agent/local-api/',
    to: ['agent/local-api/', 'agent/core/', 'agent/ports/', 'type agent/jobs/'],
    packages: ['type pino'],
    builtins: true,
  },
  {
    from: 'agent/cli/',
    to: [
      'agent/cli/',
      'agent/config/',
      'agent/log',
      'agent/errors.ts',
      'agent/version.ts',
      'agent/local-api/',
      'agent/core/',
      'agent/files/',
      'agent/ports/',
      'agent/trial/',
      'agent/handler-check/',
      'agent/dry-run/',
      'agent/reference/',
      'agent/gateway-parts.ts',
      'agent/adapters/boot/',
      'type agent/runs/',
      'agent/handler-host/host.ts',
    ],
    packages: ['type pino', 'close-with-grace'],
    builtins: true,
  },
  {
    // For the tests of handler authors: what runs jobs, without what takes them.
    from: 'agent/testing/',
    to: [
      'agent/testing/',
      'agent/runs/',
      'agent/adapters/process/',
      'agent/adapters/schema/',
      'agent/adapters/users/',
      'agent/core/',
      'agent/handler-api.ts',
    ],
    packages: ['pino'],
    builtins: true,
  },
  { from: 'agent/version.ts', to: [], packages: [], builtins: false },
  { from: 'agent/agent.ts', to: ['agent/', 'handlers/'], builtins: true },
  // What the daemon and the commands that work without a cloud are made of alike.
  // What the generated pages and the command line tell alike.
  { from: 'agent/reference/', to: ['agent/reference/'], packages: [], builtins: false },
  { from: 'agent/dry-run/', to: ['agent/'], packages: ['type pino'], builtins: true },
  { from: 'agent/handler-check/', to: ['agent/'], packages: ['type pino'], builtins: true },
  { from: 'agent/trial/', to: ['agent/'], packages: ['type pino'], builtins: true },
  { from: 'agent/gateway-parts.ts', to: ['agent/', 'handlers/'], builtins: true },
  { from: 'agent/main.ts', to: ['agent/', 'handlers/'], builtins: true },
  { from: 'handlers/built-in.ts', to: ['handlers/', 'agent/handler-api.ts'], packages: [], builtins: false },
  {
    // The other half of the same thing.
    from: 'handlers/remove-packages/',
    to: ['agent/handler-api.ts', 'handlers/remove-packages/', 'handlers/install-packages/'],
    packages: [],
    builtins: true,
  },
  {
    // An installation is downloads, and a unit of systemd.
    from: 'handlers/install-application/',
    to: ['agent/handler-api.ts', 'handlers/install-application/', 'handlers/download-file/', 'handlers/services/'],
    packages: [],
    builtins: true,
  },
  {
    // The other half of the same thing.
    from: 'handlers/applications/',
    to: ['agent/handler-api.ts', 'handlers/applications/', 'handlers/install-application/', 'handlers/services/'],
    packages: [],
    builtins: true,
  },
  {
    // It lists packages as they are installed, and is uploaded as any file.
    from: 'handlers/inventory/',
    to: ['agent/handler-api.ts', 'handlers/inventory/', 'handlers/upload-file/', 'handlers/install-packages/'],
    packages: [],
    builtins: true,
  },
  {
    // Logs are uploaded as any file.
    from: 'handlers/collect-logs/',
    to: ['agent/handler-api.ts', 'handlers/collect-logs/', 'handlers/upload-file/', 'handlers/services/parameters.ts'],
    packages: [],
    builtins: true,
  },
  {
    // Both change a file, prove the change and undo it.
    from: 'handlers/write-file/',
    to: ['agent/handler-api.ts', 'handlers/write-file/', 'handlers/edit-config/'],
    packages: [],
    builtins: true,
  },
  {
    // YAML is too much to read by hand; loaded only by the jobs that need it.
    from: 'handlers/edit-config/',
    to: ['agent/handler-api.ts', 'handlers/edit-config/'],
    packages: ['yaml'],
    builtins: true,
  },
  { from: 'handlers/', to: ['agent/handler-api.ts'], packages: [], builtins: true }, // and its own folder
  {
    // It runs in a browser: nothing of the cloud's own, and no module of Node.
    from: 'local-cloud/console/page/',
    to: ['local-cloud/console/page/', 'agent/core/job-execution.ts', 'agent/config/json-mistake.ts'],
    packages: [],
    builtins: false,
  },
  {
    // Names and guards of the API's words. Never what the agent decides with: both would make the same mistake.
    from: 'local-cloud/',
    to: [
      'local-cloud/',
      'type agent/core/',
      'type agent/protocol/',
      'agent/core/json.ts',
      'agent/core/job-execution.ts',
    ],
    builtins: true,
  },
  { from: 'demo/', to: ['demo/', 'local-cloud/', 'agent/core/', 'agent/config/json-mistake.ts'], builtins: true },
  { from: 'bench/', to: ['bench/', 'local-cloud/', 'agent/', 'demo/'], builtins: true },
  // The statements and cases of docs/conformance.md are of the tests, and so is what operations are tested against.
  {
    from: 'scripts/',
    to: [
      'scripts/',
      'agent/',
      'handlers/',
      'test/conformance/',
      'test/handlers/tested-against.ts',
      'local-cloud/jobs-service/service-options.ts',
    ],
    builtins: true,
  },
];

/** The process entry, and the command it hands the daemon to: the only two that know the composition root. */
const AGENT_STARTERS = ['agent/main.ts', 'agent/cli/run.ts'];

export function importViolations(sources: readonly SourceFile[]): readonly string[] {
  return sources.flatMap((source) => {
    const rule = RULES.find(({ from }) => source.path.startsWith(from));
    if (rule === undefined) return [`${source.path} is in no folder that the rules know`];
    return importsOf(source)
      .filter((fact) => !isAllowed(source.path, rule, fact))
      .map(({ target, isTypeOnly }) => `${source.path} must not import ${target}${isTypeOnly ? ' (type)' : ''}`);
  });
}

function isAllowed(path: string, rule: FolderRule, fact: ImportFact): boolean {
  if (fact.target.startsWith('node:')) return rule.builtins;
  if (!fact.target.endsWith('.ts'))
    return rule.packages === undefined || isListed(rule.packages, fact, (name) => name === packageOf(fact.target));
  if (fact.target === 'agent/agent.ts') return AGENT_STARTERS.includes(path);
  const ownFolder = path.split('/').slice(0, 2).join('/');
  if (rule.from === 'handlers/' && fact.target.startsWith(`${ownFolder}/`)) return true;
  return isListed(rule.to, fact, (path) => fact.target.startsWith(path));
}

function isListed(list: readonly string[], { isTypeOnly }: ImportFact, fits: (name: string) => boolean): boolean {
  return list.some((entry) => {
    const name = entry.replace(/^type /, '');
    return fits(name) && (isTypeOnly || name === entry);
  });
}

/** `@scope/name/part` is of the package `@scope/name`. */
function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Circles of imports that are there when the program runs; `import type` is not. Each is told once. */
export function cycleViolations(sources: readonly SourceFile[]): readonly string[] {
  const targets = new Map(
    sources.map((source) => [
      source.path,
      importsOf(source).flatMap(({ target, isTypeOnly }) => (isTypeOnly ? [] : [target])),
    ]),
  );
  const done = new Set<string>();
  const violations: string[] = [];
  const follow = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start !== -1) violations.push(`import cycle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start !== -1 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) follow(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) follow(path, []);
  return violations;
}

/** What would let time, chance or the machine into a pure folder. */
const IMPURE_NAMES = new Set(
  (
    'Date process Buffer setTimeout setInterval setImmediate queueMicrotask performance crypto fetch console ' +
    'globalThis global require'
  ).split(' '),
);
const PURE_FOLDERS = ['agent/core/', 'agent/protocol/'];

export function impurityViolations(sources: readonly SourceFile[]): readonly string[] {
  const violations: string[] = [];
  for (const source of sources.filter(({ path }) => PURE_FOLDERS.some((folder) => path.startsWith(folder)))) {
    walk(source.program, (node, [parent]) => {
      if (node.type === 'AwaitExpression' || node.async === true || node.await === true) {
        violations.push(`${source.path} must not wait`);
      }
      if (node.type !== 'Identifier' || typeof node.name !== 'string') return;
      const isName = parent?.computed === false && (parent.property === node || parent.key === node);
      if (isName && node.name === 'random') violations.push(`${source.path} must not use Math.random`);
      if (!isName && IMPURE_NAMES.has(node.name)) violations.push(`${source.path} must not use ${node.name}`);
    });
  }
  return violations;
}
