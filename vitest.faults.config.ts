import { defineConfig } from 'vitest/config'

/** The fault tests: apart from the others, because they take minutes and a machine to themselves. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: ['test/build.ts', 'test/e2e/harness/consumer.ts', 'test/faults/harness/build.ts'],
    testTimeout: 300_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 4,
  },
})
