/** An ES module: the agent runs it with its own Node.js, and it needs no manifest. */
import { AGENT_VERSION } from '../../version.ts';
import { exampleOf, type MakeTemplate, type TemplateFile } from './template.ts';

/** By its file, not by its name: what a registry has under that name may be somebody else's. */
const PACKAGE = `./iot-job-agent-${AGENT_VERSION}.tgz`;

export const jsTemplate: MakeTemplate = (operation) => ({
  files: [
    { name: `${operation}.mjs`, text: module(operation, JAVASCRIPT), isProgram: false },
    exampleOf(operation),
    test(operation),
  ],
  next: [
    `job-agent exec ${operation}.example.job.json --handlers-dir .`,
    `node --test ${operation}.test.mjs`,
    `job-agent handlers check ./${operation}.mjs`,
  ],
});

export const tsTemplate: MakeTemplate = (operation) => ({
  files: [
    { name: `${operation}.mts`, text: module(operation, TYPESCRIPT), isProgram: false },
    exampleOf(operation),
    test(operation),
  ],
  next: [
    `npm install --save-dev ${PACKAGE} typescript @types/node   # the package: npm pack in a clone of iot-job-agent`,
    `npx tsc --target es2023 --module nodenext --types node --strict --skipLibCheck ${operation}.mts`,
    `node --test ${operation}.test.mjs && job-agent handlers check ./${operation}.mjs`,
  ],
});

interface Language {
  readonly first: string;
  readonly imports: string;
  readonly declaration: string;
}

const JAVASCRIPT: Language = {
  first: '// @ts-check\n',
  imports: 'failed, replaceFile, succeeded, Type',
  declaration: "/** @type {import('iot-job-agent/handler-api').ModuleHandler<typeof parameters>} */\nconst handler = {",
};

const TYPESCRIPT: Language = {
  first: '',
  imports: 'failed, type ModuleHandler, replaceFile, succeeded, Type',
  declaration: 'const handler: ModuleHandler<typeof parameters> = {',
};

const module = (
  operation: string,
  { first, imports, declaration }: Language,
) => `${first}import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ${imports} } from 'iot-job-agent/handler-api';

const parameters = Type.Object(
  {
    path: Type.String({
      description: 'File to write, in the working folder.',
      pattern: '^[a-z][a-z0-9-]*\\\\.txt$',
      expected: 'a file name such as greeting.txt',
    }),
    who: Type.String({ description: 'Whom to greet.', maxLength: 64 }),
  },
  { additionalProperties: false },
);

${declaration}
  operation: '${operation}',
  kind: 'module',
  summary: 'Writes a greeting into a file. (Say here in one sentence what it does.)',
  parameters,
  onInterrupted: 'rerun', // done twice it comes to the same; otherwise 'fail', or 'resume' with context.checkpoint
  defaultTimeoutSeconds: 60,

  async run({ workDir, progress, signal }, { path, who }) {
    progress({ state: 'writing' });
    try {
      await delay(200, undefined, { signal }); // whatever takes long is told of \`signal\`: cancelled, or out of time
    } catch {
      return failed('GREETING_STOPPED', 'stopped before anything was written');
    }
    // The old file or the new one, never half of it, whenever power goes.
    await replaceFile(join(workDir, path), \`Hello, \${who}\\n\`, { writer: 'greeting' });
    return succeeded({ state: 'written' });
  },
};
export default handler;
`;

const test = (operation: string): TemplateFile => ({
  name: `${operation}.test.mjs`,
  isProgram: false,
  text: `// node --test ${operation}.test.mjs: tries ${operation} as the agent would run it.
// testHandler() of the package iot-job-agent looks closer: at progress, files and checkpoints.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const folder = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const example = JSON.parse(readFileSync(new URL('./${operation}.example.job.json', import.meta.url), 'utf8'));

function run(document) {
  const args = ['exec', '-', '--json', '--quiet', '--handlers-dir', folder];
  const jobAgent = process.env.JOB_AGENT ?? 'job-agent';
  const { stdout, stderr, error } = spawnSync(jobAgent, args, { input: JSON.stringify(document), encoding: 'utf8' });
  if (error) throw new Error(\`\${jobAgent} cannot be run (\${error.code}); set JOB_AGENT to the path of job-agent.js\`);
  return stdout === '' ? assert.fail(stderr) : JSON.parse(stdout);
}

test('the example succeeds', () => {
  assert.deepEqual(run(example), { status: 'SUCCEEDED', statusDetails: { state: 'written' } });
});

test('a path that leads out of the working folder is refused', () => {
  const { status, statusDetails } = run({ ...example, parameters: { ...example.parameters, path: '../out.txt' } });
  assert.equal(status, 'REJECTED');
  assert.equal(statusDetails.path, '/parameters/path');
});
`,
});
