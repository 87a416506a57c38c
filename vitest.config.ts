import { configDefaults, defineConfig } from 'vitest/config';
import { consoleDefine } from './scripts/console-files.mjs';
import { examplesDefine } from './scripts/handler-examples.mjs';
import { PATIENCE } from './test/fixtures/patience.ts';

/** Minutes, and programs that few machines have: `npm run test:programs`, which says what is not there. */
const PROGRAMS = 'test/programs/**/*.test.ts';
const NAME_WHAT_IS_MISSING = 'test/programs/name-what-is-missing.ts';

export default defineConfig(async ({ mode }) => ({
  // As the build does: the console is served from memory.
  define: { ...(await consoleDefine()), ...(await examplesDefine()) },
  test: {
    ...(mode === 'programs'
      ? { include: [PROGRAMS], globalSetup: [NAME_WHAT_IS_MISSING] }
      : { include: ['test/**/*.test.ts'], exclude: [...configDefaults.exclude, PROGRAMS] }),
    // The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Most of a test's time is waiting for processes, sockets and disks: on two cores, 169 s with two workers, 80 with four.
    maxWorkers: 4,
    // A limit for what hangs, not for what is slow: a machine that does other things too takes three times as long.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: PATIENCE },
    coverage: {
      provider: 'v8' as const,
      include: ['agent/core/**/*.ts', 'agent/protocol/**/*.ts'],
      reporter: ['text-summary'],
      // The pure core is cheap to cover and its coverage means something; everything else is held by behaviour tests.
      thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
    },
  },
}));
