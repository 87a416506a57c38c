/** Modules in `handlersDir`, in real processes: what they may be, what is wrong with them, and that the agent lives on. */
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import { HANDLER_API_VERSION } from '../../agent/handler-api.ts';
import { planOf } from '../fixtures/parsed-document.ts';
import { PATIENCE } from '../fixtures/patience.ts';
import { bundleHandlerHost } from '../fixtures/step-handlers/bundle-program.ts';
import {
  createProgressProbe,
  createStepRunnerOver,
  createStepRunnerSetup,
  EXECUTION_ID,
  type StepRunnerSetup,
  stepRun,
} from '../fixtures/step-handlers/step-runner-setup.ts';

const isRoot = process.getuid?.() === 0;
const PLAIN = declaration("run: async () => ({ kind: 'succeeded', details: { done: 'yes' } })");
let bundleFolder: string;
let hostArgv: readonly string[];
let setup: StepRunnerSetup;

beforeAll(async () => {
  bundleFolder = await mkdtemp(join(tmpdir(), 'handler-host-'));
  await chmod(bundleFolder, 0o755);
  hostArgv = await bundleHandlerHost(bundleFolder);
});
afterAll(() => rm(bundleFolder, { recursive: true, force: true }));
beforeEach(async () => {
  setup = await createStepRunnerSetup({ hostArgv, runAsUsers: ['nobody'] });
});
afterEach(() => setup.remove());

describe('a module', () => {
  test('without any import does its operation', async () => {
    await put(`export default ${PLAIN};`);
    expect(await review()).toMatchObject({ verdict: 'run', steps: [{ operation: 'tune', onInterrupted: 'fail' }] });
    expect(await run()).toMatchObject({ status: 'succeeded', details: { done: 'yes' } });
  });

  test('imports the API of this agent, TypeBox with it, where no package is installed', async () => {
    await put(`
      import { HANDLER_API_VERSION, Type, retryLater, succeeded } from 'iot-job-agent/handler-api';
      const parameters = Type.Object({ level: Type.Integer({ maximum: 9 }) }, { additionalProperties: false });
      export default { operation: 'tune', kind: 'module', summary: 'Tunes.', parameters,
        run: async ({ workDir }, { level }) =>
          level > 5 ? retryLater('too high', 60) : succeeded({ level, workDir, version: HANDLER_API_VERSION }) };`);
    expect(await review({ level: 10 })).toEqual({
      verdict: 'reject',
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '/parameters/level', reason: 'expected at most 9, got the number 10' },
    });
    const workDir = join(setup.stateDir, 'work', EXECUTION_ID);
    const details = { level: '3', workDir, version: String(HANDLER_API_VERSION) };
    expect(await run({ level: 3 })).toMatchObject({ status: 'succeeded', details });
    expect(await run({ level: 7 })).toMatchObject({ status: 'later', afterMs: 60_000, message: 'too high' });
  });

  test('imports the API of this agent also where a package of that name lies', async () => {
    const other = join(setup.handlersDir, 'node_modules', 'iot-job-agent');
    await mkdir(other, { recursive: true });
    await writeFile(join(other, 'package.json'), '{"name":"iot-job-agent","exports":{"./handler-api":"./old.mjs"}}');
    await writeFile(join(other, 'old.mjs'), 'export const HANDLER_API_VERSION = 0;');
    await put(`import { HANDLER_API_VERSION } from 'iot-job-agent/handler-api';
      export default ${declaration("run: async () => ({ kind: 'succeeded', details: { v: HANDLER_API_VERSION } })")};`);
    expect(await run()).toMatchObject({ details: { v: String(HANDLER_API_VERSION) } });
  });

  test('tells its rules, and what it has for restarts and clean-ups', async () => {
    const functions = "run() {}, verify() {}, cleanup() {}, onInterrupted: 'resume', exclusive: true";
    await put(`export default ${declaration(`${functions}, defaultTimeoutSeconds: 30`)};`);
    expect(await review()).toMatchObject({
      steps: [{ onInterrupted: 'resume', exclusive: true, timeoutMs: 30_000, verifies: true, cleansUp: true }],
    });
  });

  test('may be made by a class', async () => {
    await put(`class Tune { operation = 'tune'; kind = 'module'; #name = 'own';
      parameters = { type: 'object', additionalProperties: false };
      async run() { return { kind: 'succeeded', details: { name: this.#name } }; } }
      export default new Tune();`);
    expect(await run()).toMatchObject({ details: { name: 'own' } });
  });

  test('goes on from its checkpoint, is stopped, and cleans up', async () => {
    await put(`import { appendFile } from 'node:fs/promises'; import { join } from 'node:path';
      export default ${declaration(`onInterrupted: 'resume',
        async run({ checkpoint, progress, restored, signal }) {
          await checkpoint({ page: (restored?.page ?? 0) + 1 });
          progress({ restored: restored?.page ?? 'none' });
          const alive = setInterval(() => {}, 1000);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          clearInterval(alive);
          return { kind: 'failed', reasonCode: 'STOPPED', message: 'as asked' };
        },
        cleanup: ({ workDir, restored }) => appendFile(join(workDir, 'cleaned'), String(restored.page))
          .then(() => ({ kind: 'succeeded' }))`)};`);
    const probe = createProgressProbe();
    for (const attempt of [1, 2]) {
      const running = setup.start({ operation: 'tune' }, { attempt, onProgress: probe.onProgress });
      await probe.until(({ restored }) => restored === (attempt === 1 ? 'none' : '1'));
      await running.stop('canceled', 10_000);
      expect(await running.ended).toMatchObject({ reasonCode: 'STOPPED' });
    }
    expect(await readFile(join(setup.stateDir, 'work', EXECUTION_ID, 'cleaned'), 'utf8')).toBe('12');
  });

  test('that returns nothing has failed, and is told what was expected', async () => {
    await put(`export default ${declaration('async run() {}')};`);
    const message = expect.stringContaining('run returned no result: expected { kind:');
    expect(await run()).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_ERROR', message });
  });
});

describe('a module of kind command', () => {
  const command = (more: string) =>
    `{ operation: 'tune', kind: 'command', parameters: { type: 'object', additionalProperties: false,
       properties: { text: { type: 'string' } } }, ${more} }`;

  test('gives the program, which is run as any other', async () => {
    await put(
      `export default ${command(`retryExitCode: 3,
      command: ({ text = 'none' }, { thingName }) => ['sh', '-c', 'echo "said=$1" >> "$JOB_STATUS_FILE"; exit 3', 'sh', text + thingName],
      verify: () => ['sh', '-c', 'exit 3']`)};`,
    );
    expect(await run({ text: '$(id) ' })).toMatchObject({ status: 'later', details: { said: '$(id) gateway-1' } });
    const verified = await setup.run({ operation: 'tune' }, { purpose: 'verify' });
    expect(verified).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_EXIT_CODE' });
  });

  test.each([
    ['command: () => "ls -l"', 'returned no argument list'],
    ['command: () => []', 'returned no argument list'],
    ['command: () => ["ls", 7]', 'returned no argument list'],
    ['command: () => ["ls", "a\\0b"]', 'returned no argument list'],
    ['command: () => { throw new Error("no such modem") }', 'no such modem'],
    ['command: () => process.exit(4)', 'ended with exit code 4'],
  ])('that gives none fails: %s', async (functions, message) => {
    await put(`export default ${command(functions)};`);
    const told = expect.stringContaining(message);
    expect(await run()).toMatchObject({ status: 'failed', reasonCode: 'HANDLER_ERROR', message: told });
  });
});

describe('check', () => {
  test('of a module is asked after the schema, with the facts', async () => {
    await put(
      `export default ${declaration(`run() {}, check: ({ level }, { thingName }) =>
      level > 5 ? { pointer: '/level', reason: 'too high for ' + thingName } : undefined`)};`,
    );
    expect(await review({ level: 3 })).toMatchObject({ verdict: 'run' });
    expect(await review({ level: 7 })).toEqual({
      verdict: 'reject',
      reasonCode: 'PARAMETERS_INVALID',
      rejection: { pointer: '/parameters/level', reason: 'too high for gateway-1' },
    });
    expect(await review({ level: 'x' })).toMatchObject({
      rejection: { reason: expect.stringContaining('an integer') },
    });
  });

  test.each([
    ['throw new Error("broken")', 'HANDLER_MODULE_INVALID', 'broken'],
    ['return false', 'HANDLER_MODULE_INVALID', 'check returned neither nothing nor { pointer, reason }'],
    ['process.exit(0)', 'HANDLER_MODULE_SILENT', 'its process ended with exit code 0'],
  ])('that does not work refuses the job: %s', async (body, reasonCode, reason) => {
    await put(`export default ${declaration(`run() {}, check() { ${body} }`)};`);
    expect(await review()).toMatchObject({ reasonCode, rejection: { reason: expect.stringContaining(reason) } });
  });
});

describe('a module that is wrong', () => {
  const schema = (text: string) => `{ operation: 'tune', kind: 'module', run() {}, parameters: ${text} }`;
  test.each<[string, string, string]>([
    ['throws', 'throw new Error("no such library");', 'no such library'],
    ['throws what is no error', 'throw { a: 1 };', 'it threw [object Object]'],
    ['has a mistake', 'export default {\n  a b\n};', 'tune.mjs: line 2: Unexpected identifier'],
    ['imports what is not there', 'import "./not-there.mjs"; export default {};', 'not-there.mjs'],
    ['imports what the API has not', 'import { fly } from "iot-job-agent/handler-api"; export default {};', "'fly'"],
    ['has no default export', 'export const handler = {};', 'it has no default export'],
    ['exports a function', 'export default function run() {}', 'its default export is no handler'],
    ['declares nothing', 'export default {};', '/operation is required, and missing'],
    [
      'misspells',
      `export default ${declaration('run() {}, onInterupted: "rerun"')};`,
      '/onInterupted is not known; did you mean onInterrupted?',
    ],
    [
      'is for another operation',
      `export default ${declaration('run() {}').replace('tune', 'tuna')};`,
      '/operation expected "tune", as the file is named, got "tuna"',
    ],
    [
      'is inline',
      `export default ${declaration('run() {}').replace("'module'", "'inline'")};`,
      '/kind inline runs inside the agent',
    ],
    [
      'has no run',
      `export default ${declaration('command() {}')};`,
      '/run is required of the kind module, and missing',
    ],
    ['has a run that is none', `export default ${declaration('run: 3')};`, 'has a run that is no function'],
    ['has both', `export default ${declaration('run() {}, command() {}')};`, '/command is not for the kind module'],
    ['has exit codes', `export default ${declaration('run() {}, retryExitCode: 3')};`, 'are for the kind command'],
    [
      'needs a later API',
      `export default ${declaration('run() {}, apiVersion: 999, newThing: 1')};`,
      '/apiVersion needs version 999 of the handler API',
    ],
    [
      'stands in for scripts',
      `export default ${declaration('run() {}, managedTemplates: [{}]')};`,
      '/managedTemplates is for what is built in',
    ],
    [
      'has open parameters',
      `export default ${schema("{ type: 'object' }")};`,
      '/parameters/additionalProperties expected false',
    ],
    [
      'has a broken schema',
      `export default ${schema("{ type: 'object', additionalProperties: false, properties: { a: { type: 'strin' } } }")};`,
      '/properties/a/type expected one of',
    ],
    ['has a circle', `const a = {}; a.a = a; export default ${schema('a')};`, 'circular structure'],
  ])('%s: the job is refused, and the file named', async (_, source, reason) => {
    await put(source);
    const told = { reason: expect.stringContaining(reason), pointer: '/operation' };
    const refused = { verdict: 'reject', reasonCode: 'HANDLER_MODULE_INVALID', rejection: told };
    expect(await review()).toMatchObject(refused);
    expect(await reasonOf()).toContain(join(setup.handlersDir, 'tune.mjs'));
  });

  test.each<[string, string, string]>([
    ['exits', 'process.exit(0);', 'its process ended with exit code 0'],
    ['kills itself', 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => {});', 'was killed by SIGSEGV'],
    [
      'prints rubbish and exits',
      'console.log("x".repeat(5e6)); console.error("last word"); process.exit(3);',
      'exit code 3: last word',
    ],
    ['waits for ever', 'await new Promise(() => setInterval(() => {}, 1000));', 'no answer within 1.5 s'],
    ['turns for ever', 'for (;;);', 'no answer within 1.5 s'],
    [
      'says too much',
      `export default ${schema(`{ type: 'object', additionalProperties: false, $comment: 'x'.repeat(3e5) }`)};`,
      'more than 262144',
    ],
  ])('%s: the job is refused, and nothing is left', async (_, source, reason) => {
    const impatient = await createStepRunnerSetup({ hostArgv, askLimitMs: reason.includes('1.5 s') ? 1_500 : 20_000 });
    await writeFile(join(impatient.handlersDir, 'tune.mjs'), source);
    const told = { reason: expect.stringContaining(reason) };
    const refused = { verdict: 'reject', reasonCode: 'HANDLER_MODULE_SILENT', rejection: told };
    expect(await impatient.stepRunner.review(planOf({ operation: 'tune' }))).toMatchObject(refused);
    expect(await readdir(join(impatient.runtimeDir, 'runs'))).toEqual([]);
    await impatient.remove();
  });

  test('prints what it likes when it also answers', async () => {
    await put(`console.log('{"ok":false}'); process.stdout.write('\\0\\xff'.repeat(1e5)); export default ${PLAIN};`);
    expect(await review()).toMatchObject({ verdict: 'run' });
  });

  test('and leaves a process behind: that is ended', async () => {
    await put(`import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
      const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); child.unref();
      writeFileSync(${JSON.stringify(join(setup.folder, 'pid'))}, String(child.pid));
      export default ${PLAIN};`);
    expect(await review()).toMatchObject({ verdict: 'run' });
    const pid = Number(await readFile(join(setup.folder, 'pid'), 'utf8'));
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone');
    expect(state).toMatch(/^gone|\) Z /); // a zombie where nobody reaps the orphans of this machine
  });

  test('and still hangs when another agent starts: that one ends it', async () => {
    const hanging = join(setup.folder, 'hanging');
    await put(`import { renameSync, writeFileSync } from 'node:fs';
      writeFileSync(${JSON.stringify(`${hanging}.new`)}, String(process.pid));
      renameSync(${JSON.stringify(`${hanging}.new`)}, ${JSON.stringify(hanging)});
      await new Promise(() => setInterval(() => {}, 1000));`);
    const reviewing = review();
    const pid = Number(await vi.waitFor(() => readFile(hanging, 'utf8'), PATIENCE));
    expect(await createStepRunnerOver(setup).endLeftovers(0)).toEqual([expect.stringMatching(/^ask\./)]);
    expect(await reviewing).toMatchObject({ reasonCode: 'HANDLER_NOT_ASKED' });
    expect(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone')).toMatch(/^gone|\) Z /);
    expect(await readdir(join(setup.runtimeDir, 'runs'))).toEqual([]);
  });

  test('has no handler host to be asked in: that is told', async () => {
    const without = await createStepRunnerSetup({ hostArgv: ['/bin/false'] });
    await writeFile(join(without.handlersDir, 'tune.mjs'), `export default ${PLAIN};`);
    const reason = expect.stringContaining('its process ended with exit code 1');
    expect(await without.stepRunner.review(planOf({ operation: 'tune' }))).toMatchObject({ rejection: { reason } });
    await without.remove();
  });
});

describe('found without a restart', () => {
  test('a module that is new, changed, or gone', async () => {
    expect(await review()).toMatchObject({ verdict: 'unknown-operation' });
    await put(`export default ${PLAIN};`);
    expect(await review()).toMatchObject({ steps: [{ exclusive: false }] });
    await put(`export default ${declaration('run() {}, exclusive: true')};`);
    expect(await review()).toMatchObject({ steps: [{ exclusive: true }] });
    await rm(join(setup.handlersDir, 'tune.mjs'));
    expect(await review()).toMatchObject({ verdict: 'unknown-operation' });
  });

  test('a change in what a module imports', async () => {
    await put(`import { exclusive } from './lib/rules.mjs'; export default ${declaration('run() {}, exclusive')};`);
    await mkdir(join(setup.handlersDir, 'lib'));
    const lib = join(setup.handlersDir, 'lib', 'rules.mjs');
    for (const exclusive of [false, true]) {
      await writeFile(lib, `export const exclusive = ${exclusive};`);
      expect(await review()).toMatchObject({ steps: [{ exclusive }] });
    }
  });

  test('nothing is asked again while nothing changes', async () => {
    const asked = join(setup.folder, 'asked');
    const note = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(asked)}, 'x');`;
    await put(`${note} export default ${PLAIN};`);
    for (const _ of [1, 2, 3]) await review();
    expect(await readFile(asked, 'utf8')).toBe('x');
    await utimes(join(setup.handlersDir, 'tune.mjs'), 1, 1);
    await review();
    expect(await readFile(asked, 'utf8')).toBe('xx');
  });
});

describe('who may write it', () => {
  test('nobody but its owner may write a module', async () => {
    await put(`export default ${PLAIN};`);
    await chmod(join(setup.handlersDir, 'tune.mjs'), 0o664);
    const reason = expect.stringContaining('chmod go-w');
    expect(await review()).toMatchObject({ reasonCode: 'HANDLER_NOT_EXECUTABLE', rejection: { reason } });
  });

  test('nor what it imports, which is not even loaded', async () => {
    await put(`import './lib.mjs'; export default ${PLAIN};`);
    const trace = join(setup.folder, 'trace');
    const lib = join(setup.handlersDir, 'lib.mjs');
    await writeFile(lib, `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, '');`);
    await chmod(lib, 0o646);
    expect(await reasonOf()).toContain(`others than its owner may write ${lib}`);
    await expect(readFile(trace)).rejects.toThrow('ENOENT');
  });

  test('nor put another file in the place of what it imports', async () => {
    await put(`import './lib/lib.mjs'; export default ${PLAIN};`);
    const folder = join(setup.handlersDir, 'lib');
    await mkdir(folder);
    await writeFile(join(folder, 'lib.mjs'), '');
    await chmod(folder, 0o777);
    expect(await reasonOf()).toContain(`everyone may write in ${folder}`);
  });

  test.runIf(isRoot)('what belongs to another user is not imported', async () => {
    await put(`import './lib.mjs'; export default ${PLAIN};`);
    await writeFile(join(setup.handlersDir, 'lib.mjs'), '');
    await chown(join(setup.handlersDir, 'lib.mjs'), 1234, 0);
    expect(await reasonOf()).toContain('belongs to user number 1234');
  });
});

describe.runIf(isRoot)('as another user', () => {
  const asNobody: JsonObject = { operation: 'tune', runAs: 'nobody' };

  test('a module runs that this user may read', async () => {
    await put(
      `export default ${declaration("run: async () => ({ kind: 'succeeded', details: { uid: process.getuid() } })")};`,
    );
    expect(await setup.run(asNobody)).toMatchObject({ status: 'succeeded', details: { uid: '65534' } });
  });

  test('a module that this user may not read is refused before anything runs', async () => {
    await put(`export default ${PLAIN};`);
    const path = join(setup.handlersDir, 'tune.mjs');
    await chmod(path, 0o600);
    const review = await setup.stepRunner.review(planOf(asNobody));
    const rejection = { pointer: '/runAs', reason: `user nobody may not read ${path}; chmod 644 ${path}` };
    expect(review).toEqual({ verdict: 'reject', reasonCode: 'USER_CANNOT_READ', rejection });
    expect(await run()).toMatchObject({ status: 'succeeded' });
  });

  test('a folder that this user may not pass is named', async () => {
    await put(`export default ${PLAIN};`);
    await chmod(setup.handlersDir, 0o700);
    const reason = expect.stringContaining(`may not pass through ${setup.handlersDir}`);
    expect(await setup.stepRunner.review(planOf(asNobody))).toMatchObject({ rejection: { reason } });
  });

  test('a command needs no such right: its program is what runs', async () => {
    await put(`export default { operation: 'tune', kind: 'command', parameters: { type: 'object', additionalProperties: false },
      command: () => ['sh', '-c', 'echo "uid=$(id -u)" >> "$JOB_STATUS_FILE"'] };`);
    await chmod(join(setup.handlersDir, 'tune.mjs'), 0o600);
    expect(await setup.run(asNobody)).toMatchObject({ status: 'succeeded', details: { uid: '65534' } });
  });
});

describe('names', () => {
  test('a program and a module of one name are both refused', async () => {
    await put(`export default ${PLAIN};`);
    await writeFile(join(setup.handlersDir, 'tune'), '#!/bin/sh\n', { mode: 0o755 });
    const reason = `${join(setup.handlersDir, 'tune')} and tune.mjs beside it could both be meant`;
    expect(await review()).toMatchObject({ reasonCode: 'HANDLER_NAME_CLASH', rejection: { reason } });
  });

  test('what is executable is never imported', async () => {
    const trace = join(setup.folder, 'trace');
    await put(
      `#!/usr/bin/env node\nimport { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, '');`,
    );
    await chmod(join(setup.handlersDir, 'tune.mjs'), 0o755);
    const reason = expect.stringContaining(`chmod 644 ${join(setup.handlersDir, 'tune.mjs')} makes it a module`);
    expect(await review()).toMatchObject({ verdict: 'unknown-operation', rejection: { reason } });
    await expect(readFile(trace)).rejects.toThrow('ENOENT');
    expect(await setup.stepRunner.review(planOf({ operation: 'tune.mjs' }))).toMatchObject({ verdict: 'run' });
  });

  test('a module called by its file name is told its operation', async () => {
    await put(`export default ${PLAIN};`);
    const review = await setup.stepRunner.review(planOf({ operation: 'tune.mjs' }));
    expect(review).toMatchObject({ rejection: { reason: expect.stringContaining('its operation is tune') } });
  });

  test('a module of a built-in name is not used', async () => {
    await writeFile(join(setup.handlersDir, 'system-info.mjs'), 'process.exit(9);');
    expect(await setup.run({ operation: 'system-info' })).toMatchObject({ status: 'succeeded' });
    expect(setup.logLines).toContainEqual(expect.objectContaining({ operation: 'system-info', level: 40 }));
  });
});

describe('a manifest beside a module', () => {
  const manifest = (value: JsonValue) => writeFile(join(setup.handlersDir, 'tune.handler.json'), JSON.stringify(value));

  test('adds a time limit, and what must not run beside', async () => {
    await put(`export default ${declaration('run() {}, defaultTimeoutSeconds: 5')};`);
    await manifest({ timeoutSeconds: 90, exclusive: true });
    expect(await review()).toMatchObject({ steps: [{ timeoutMs: 90_000, exclusive: true }] });
  });

  test('narrows the parameters', async () => {
    await put(`export default ${PLAIN};`);
    await manifest({ parameters: { type: 'object', additionalProperties: false } });
    expect(await review({ level: 1 })).toMatchObject({ reasonCode: 'PARAMETERS_INVALID' });
  });

  test.each<[JsonObject]>([[{ onInterrupted: 'rerun' }], [{ exitCodes: { retry: [3] } }]])(
    'says nothing that the module says itself: %j',
    async (value) => {
      await put(`export default ${PLAIN};`);
      await manifest(value);
      const reason = expect.stringContaining('is for executables');
      expect(await review()).toMatchObject({ reasonCode: 'HANDLER_MANIFEST_INVALID', rejection: { reason } });
    },
  );

  test('keeps a module from being asked that needs a later agent', async () => {
    await put('process.exit(9);');
    await manifest({ apiVersion: 999 });
    expect(await review()).toMatchObject({ reasonCode: 'HANDLER_MANIFEST_INVALID' });
  });
});

describe('the dry run', () => {
  const planOf = async () => {
    const resolution = await setup.finder.resolve(stepRun({ operation: 'tune', parameters: { level: 3 } }, {}).step);
    if (!resolution.ok || resolution.step.kind !== 'es-module') throw new Error(JSON.stringify(resolution));
    return setup.finder.planOfModule(resolution.step, '/nowhere');
  };

  test('of a module is told, with its parameters, facts and folder', async () => {
    await put(
      `export default ${declaration(`run() {}, plan: async ({ level }, { facts, workDir }) =>
      ({ actions: ['tune ' + facts.thingName + ' to ' + level], problems: ['no ' + workDir] })`)};`,
    );
    const plan = { kind: 'plan', actions: ['tune gateway-1 to 3'], problems: ['no /nowhere'] };
    expect(await planOf()).toEqual(plan);
  });

  test('is left out where there is none, and refused where it is none', async () => {
    await put(`export default ${PLAIN};`);
    expect(await planOf()).toBeUndefined();
    for (const [body, reason] of [
      ['return { actions: 3 }', 'plan returned no { actions, problems }'],
      ['throw new Error("no piano")', 'no piano'],
    ]) {
      await put(`export default ${declaration(`run() {}, async plan() { ${body} }`)};`);
      expect(await planOf()).toMatchObject({ kind: 'refused', reason: expect.stringContaining(reason ?? '') });
    }
  });
});

test('the catalog lists modules, good and bad', async () => {
  await put(`export default ${declaration("run() {}, summary: 'Tunes.', needs: 'a piano', onInterrupted: 'rerun'")};`);
  for (const name of ['broken.mjs', 'broken.test.mjs', 'Loud.mjs']) {
    await writeFile(join(setup.handlersDir, name), 'throw new Error("broken");');
  }
  const files = (await setup.finder.list()).filter(({ source }) => source === 'file');
  expect(files).toMatchObject([
    { operation: 'Loud', problems: [{ reason: expect.stringContaining('lower case words') }] },
    { operation: 'broken', kind: null, problems: [{ reasonCode: 'HANDLER_MODULE_INVALID' }] },
    {
      operation: 'tune',
      kind: 'module',
      path: join(setup.handlersDir, 'tune.mjs'),
      summary: 'Tunes.',
      needs: 'a piano',
      parameters: { properties: { level: { type: 'integer' } } },
      onInterrupted: 'rerun',
      problems: [],
    },
  ]);
});

/** A handler of kind `module` as text. */
function declaration(more: string): string {
  return `{ operation: 'tune', kind: 'module', parameters: { type: 'object', additionalProperties: false,
    properties: { level: { type: 'integer' } } }, ${more} }`;
}

function put(source: string): Promise<void> {
  return writeFile(join(setup.handlersDir, 'tune.mjs'), source, { mode: 0o644 });
}

function review(parameters: JsonObject = {}) {
  return setup.stepRunner.review(planOf({ operation: 'tune', parameters }));
}

async function reasonOf(): Promise<string> {
  const result = await review();
  return result.verdict === 'reject' ? result.rejection.reason : result.verdict;
}

function run(parameters: JsonObject = {}) {
  return setup.run({ operation: 'tune', parameters });
}
