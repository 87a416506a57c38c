import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['agent/core/**/*.ts', 'agent/protocol/**/*.ts'],
      reporter: ['text-summary'],
      // The pure core is cheap to cover and its coverage means something; everything else is held by behaviour tests.
      thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
    },
  },
});
