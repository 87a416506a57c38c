/**
 * The package as authors install it, from what `npm pack` makes of the last build: into an empty folder, without network.
 * It is type-checked and run from there, with nothing of this repository in reach but the compiler and @types/node.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HANDLER_API_VERSION } from '../../agent/handler-api.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const examples = join(root, 'docs', 'examples');
const run = promisify(execFile);
let folder: string;
/** What the compiler has to say of a handler in TypeScript and of a test of it. */
let told: string;
let packed: { readonly size: number; readonly unpackedSize: number; readonly files: readonly { path: string }[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handler-package-'));
  const npm = (args: readonly string[], cwd: string) =>
    run(
      'npm',
      [...args, '--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--cache', join(folder, 'cache')],
      {
        cwd,
      },
    );
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], root);
  const packages = JSON.parse(stdout) as readonly (typeof packed & { filename: string })[];
  const [first] = Array.isArray(packages) ? packages : Object.values(packages);
  if (first === undefined) throw new Error(`npm pack told nothing: ${stdout}`);
  packed = first;
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await npm(['install', join(folder, first.filename)], folder);
  await cp(examples, folder, { recursive: true });
  await writeFile(join(folder, 'tested.ts'), TESTED);
  told = await compile(['blink-led.ts', 'tested.ts']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const TESTED = `import { testHandler, type TestReport } from 'iot-job-agent/testing';
     import blinkLed from './blink-led.ts';
     const run = testHandler(blinkLed, { parameters: { led: 'status', times: 1 } });
     await run.progressed(({ blinked }) => blinked === '1');
     await run.stop('timed-out');
     const report: TestReport = await run;
     // @ts-expect-error there is no such status
     if (report.result.status === 'fine') console.log(report.result);
     // @ts-expect-error of no option
     await testHandler(blinkLed, { parametres: {} });`;

test('it is small, and has no dependencies', async () => {
  expect(packed.size).toBeLessThan(2_500_000);
  expect(packed.files.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      'dist/handler-api.js',
      'dist/testing.js',
      'dist/types/agent/handler-api.d.ts',
      'docs/handler.schema.json',
    ]),
  );
  expect(packed.files.filter(({ path }) => /^dist\/(test-|bench|generate)/.test(path))).toEqual([]);
  const installed = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(installed).toEqual(['iot-job-agent']);
});

test('a handler in TypeScript is checked against it, compiled, and run', async () => {
  expect(told).toBe('');
  await mkdir(join(folder, 'leds', 'status'), { recursive: true });
  await writeFile(
    join(folder, 'blink.mjs'),
    `import { testHandler } from 'iot-job-agent/testing';
     import blinkLed from './out/blink-led.js';
     const parameters = { led: 'status', times: 2, folder: ${JSON.stringify(join(folder, 'leds'))} };
     const { result, remove } = await testHandler(blinkLed, { parameters });
     console.log(JSON.stringify(result));
     await remove();`,
  );
  const { stdout } = await run(process.execPath, ['blink.mjs'], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({ status: 'succeeded', details: { blinked: '2' } });
});

test('the compiler finds mistakes in a handler, as in the parameters of it', async () => {
  const wrong = (await readFile(join(examples, 'blink-led.ts'), 'utf8'))
    .replace('time <= times', 'time <= timez')
    .replace("onInterrupted: 'rerun'", "onInterrupted: 'again'")
    .replace("kind: 'module'", "kind: 'modul'");
  await writeFile(join(folder, 'wrong.ts'), wrong);
  const mistakes = await compile(['wrong.ts']);
  expect(mistakes).toContain("Cannot find name 'timez'");
  expect(mistakes).toContain('\'"again"\' is not assignable');
  expect(mistakes).toContain('\'"modul"\' is not assignable');
});

test('a test of a handler is checked as well', async () => {
  expect(told).toBe('');
});

test('the example and its test do what the guide says', async () => {
  const { stdout } = await run(process.execPath, ['--test', 'prune-files.test.mjs'], { cwd: folder });
  expect(stdout).toMatch(/pass 3\n/);
});

test.each(['prune-files.mjs', 'prune-files.test.mjs', 'restart-modem', 'restart-modem.handler.json'])(
  'the guide shows %s as it is',
  async (name) => {
    const guide = await readFile(join(root, 'handlers', 'README.md'), 'utf8');
    expect(guide).toContain(`\n${await readFile(join(examples, name), 'utf8')}\`\`\`\n`);
  },
);

test('what it exports is what the agent has', async () => {
  const script =
    "import('iot-job-agent/handler-api').then((api) => console.log(api.HANDLER_API_VERSION, typeof api.Type.Object))";
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: folder });
  expect(stdout).toBe(`${HANDLER_API_VERSION} function\n`);
});

/** @returns what the compiler has to say; empty when all is well. */
async function compile(files: readonly string[]): Promise<string> {
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    rewriteRelativeImportExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    outDir: 'out',
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  return run(tsc, ['-p', folder]).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}
