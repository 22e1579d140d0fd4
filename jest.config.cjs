/** @type {import('jest').Config} */
const project = (displayName, extra = {}) => ({
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
  testEnvironment: 'node',
  transform: {
    '^.+\\.(ts|mjs|js)$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that ship ES modules only; everything else in node_modules runs as it is.
  transformIgnorePatterns: ['/node_modules/(?!(listr2|@listr2|canonicalize|hyparquet|fzstd|@noble)/)'],
  setupFilesAfterEnv: ['<rootDir>/test/support/leaks.ts'],
  ...extra,
});

/** One Postgres and one Temporal server for the whole run. */
const servers = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

module.exports = {
  // Nothing is left outside the checkout.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  // It ends what hangs, on the slowest machine. Longer than the tests' own patience: what was waited for in vain is told by the wait.
  testTimeout: 300_000,
  maxWorkers: 3,
  // Unit tests need no server: a run of them alone starts none.
  projects: [
    project('unit'),
    ...['integration', 'replay', 'chaos', 'browser'].map((name) => project(name, servers)),
  ],
};
