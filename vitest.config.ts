import { configDefaults, defineConfig } from 'vitest/config';
import { consoleDefine } from './scripts/console-files.mjs';
import { examplesDefine } from './scripts/handler-examples.mjs';
import { PATIENCE } from './test/fixtures/patience.ts';

/** Minutes, and programs that few machines have: `npm run test:programs`, which says what is not there. */
const PROGRAMS = 'test/programs/**/*.test.ts';
const NAME_WHAT_IS_MISSING = 'test/programs/name-what-is-missing.ts';
/** What covers every line of the core. The explorations hold it too, and would take twice as long with a look at each. */
const CORE = 'test/{core,protocol}/!(exploration*).test.ts';
/** They put something in the place of a module, or count what their own process has open, or measure its memory. */
const IN_A_PROCESS_OF_THEIR_OWN = [
  'test/handlers/edit-config-power.test.ts',
  'test/adapters/{clock,process}/**/*.test.ts',
  'test/local-cloud/artifacts/artifact-server.test.ts',
];

/** `npm test` runs `core` and `others`, one after the other: together what runs without a mode. */
const MODES: Readonly<Record<string, { include: string[]; exclude?: string[]; own?: string[] }>> = {
  core: { include: [CORE] },
  others: { include: ['test/**/*.test.ts'], exclude: [PROGRAMS, CORE], own: IN_A_PROCESS_OF_THEIR_OWN },
  test: { include: ['test/**/*.test.ts'], exclude: [PROGRAMS], own: IN_A_PROCESS_OF_THEIR_OWN },
  programs: { include: [], own: [PROGRAMS] },
};

interface ProjectTest {
  readonly isolate: boolean;
  readonly setupFiles?: string[];
  readonly include: string[];
  readonly exclude: string[];
}

export default defineConfig(async ({ mode }) => {
  const chosen = MODES[mode];
  if (chosen === undefined) throw new Error(`--mode ${mode}: expected one of ${Object.keys(MODES).join(', ')}`);
  const { include, exclude = [], own = [] } = chosen;
  const project = (name: string, test: ProjectTest) => ({
    extends: true as const,
    test: { name, ...test },
  });
  return {
    // As the build does: the console is served from memory.
    define: { ...(await consoleDefine()), ...(await examplesDefine()) },
    test: {
      // A process and all its imports for each file would be a third of the whole time.
      projects: [
        project('shared', {
          isolate: false,
          setupFiles: ['test/fixtures/leave-no-trace.ts'],
          include,
          exclude: [...configDefaults.exclude, ...exclude, ...own],
        }),
        ...(own.length === 0 ? [] : [project('own', { isolate: true, include: own, exclude: configDefaults.exclude })]),
      ],
      ...(mode === 'programs' && { globalSetup: [NAME_WHAT_IS_MISSING] }),
      // The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
      env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
      // Most of a test's time is waiting for processes, sockets and disks.
      maxWorkers: 4,
      // A limit for what hangs, not for what is slow: a machine that does other things too takes three times as long.
      testTimeout: 120_000,
      hookTimeout: 120_000,
      expect: { poll: PATIENCE },
      coverage: {
        // The pure core is cheap to cover and its coverage means something; everything else is held by behaviour tests.
        enabled: mode === 'core',
        provider: 'v8' as const,
        include: ['agent/core/**/*.ts', 'agent/protocol/**/*.ts'],
        reporter: ['text-summary'],
        thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
      },
    },
  };
});
