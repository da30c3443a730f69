import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run test:faults` runs these.
    exclude: ['test/faults/**'],
    globalSetup: ['test/build.ts', 'test/e2e/harness/consumer.ts'],
    // Real processes on two busy cores: a deadline is there to end a hang, not to measure speed.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 4,
  },
})
