// The rules of the code. `scripts/lint.test.ts` holds each house rule to account with a file that breaks it.
import { type OxlintOverride, defineConfig } from 'oxlint'

const BUILT_IN = ['node:*', 'node:*/*']
const CORE = ['@svcproxy/core', '@svcproxy/core/adapter']

/**
 * Who may import whom: every module a package's code may name besides its own files. Tests may also use the built-in
 * modules, the package's own devDependencies and `@svcproxy/testing`; what is not installed does not resolve for them.
 */
const MAY_IMPORT: Record<string, { values: string[]; typesOnly?: string[] }> = {
  core: {
    values: [
      'node:async_hooks',
      'node:diagnostics_channel',
      'node:perf_hooks',
      'node:stream',
      'node:stream/web',
      'node:util',
    ],
  },
  http: { values: [...CORE, ...BUILT_IN] },
  express: { values: [...CORE, '@svcproxy/http', ...BUILT_IN], typesOnly: ['express'] },
  koa: { values: [...CORE, '@svcproxy/http', ...BUILT_IN], typesOnly: ['koa'] },
  dashboard: { values: [...CORE, '@svcproxy/http', ...BUILT_IN] },
  cli: { values: BUILT_IN, typesOnly: ['@svcproxy/http'] },
  'breaker-native': { values: [...CORE, ...BUILT_IN] },
  'breaker-opossum': { values: [...CORE, ...BUILT_IN, 'opossum'] },
  opentelemetry: { values: [...CORE, ...BUILT_IN, '@opentelemetry/api'] },
  prometheus: { values: [...CORE, ...BUILT_IN], typesOnly: ['prom-client', '@prometheus-io/client'] },
  fleet: { values: [...CORE, ...BUILT_IN] },
  redis: { values: ['@svcproxy/core', '@svcproxy/fleet', ...BUILT_IN, '@redis/client'] },
  testing: { values: [...CORE, '@svcproxy/http', '@svcproxy/fleet', ...BUILT_IN, 'fast-check', 'vitest'] },
  'template-binding': { values: [...CORE, '@svcproxy/http', ...BUILT_IN], typesOnly: ['connect'] },
  'template-breaker': { values: [...CORE, ...BUILT_IN] },
  fastify: { values: [...CORE, '@svcproxy/http', ...BUILT_IN], typesOnly: ['fastify'] },
}

/** Where the code of one of them is. */
const folderOf = (name: string) =>
  name.startsWith('template-') ? name.replace('template-', 'templates/') : `packages/${name}`

// The order matters: a pattern that a negated one lets through is not tried against those after it.
const NO_INSIDES = {
  regex: '^(\\.\\.?/|@svcproxy/).*\\b(dist|src)/|^\\.\\.?/(\\.\\./)*(packages|apps|templates)/',
  message: "Import a package by its name, never a path into a package's src or dist.",
}
const NO_APPS = {
  group: ['@svcproxy/demo-*', '@svcproxy/bench', '@svcproxy/fleet-bench', '@svcproxy/soak'],
  message: 'No package imports an app.',
}

const onlyFrom = (modules: string[], message: string) => ({
  group: ['*', '!./**', '!../**', ...modules.map((name) => `!${name}`)],
  message,
})

function patternsOf(name: string) {
  const { values, typesOnly = [] } = MAY_IMPORT[name] ?? { values: [] }
  const allowed = [...values, ...typesOnly]
  return [
    NO_INSIDES,
    ...typesOnly.map((module) => ({
      regex: `^${module}$`,
      allowTypeImports: true,
      message: `${module} is the application's: use "import type".`,
    })),
    onlyFrom(allowed, `${name} may import: ${allowed.join(', ')}. See MAY_IMPORT in oxlint.config.ts.`),
  ]
}

/** The rooms of core, from the way in downwards. Each may use those below it, and none knows the proxy. */
const ROOMS = ['facade', 'calls', 'instances', 'options', 'observing', 'providers', 'circuit', 'attempts', 'judges']
const roomRules = ROOMS.map((room, index): OxlintOverride => {
  const above = ROOMS.slice(0, index)
  const proxy =
    '(service-proxy|service-proxy-manager|service-status|services-for|create-service-proxy|fleet|index|adapter)\\.ts'
  return {
    files: [`packages/core/src/${room}/**`],
    excludeFiles: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^\\.\\./(${[...above.map((name) => `${name}/.*`), proxy].join('|')})$`,
              message: `Imports go down: ${room} knows neither the proxy nor what is above it. See ROOMS in oxlint.config.ts.`,
            },
            ...patternsOf('core'),
          ],
        },
      ],
    },
  }
})

/** What the tests of every package may use: who shows a fleet shows a real one. */
const FOR_TESTS = ['@svcproxy/testing', '@svcproxy/fleet']

const importRules = Object.entries(MAY_IMPORT).flatMap(([name, { values, typesOnly = [] }]): OxlintOverride[] => {
  const allowed = [...values, ...typesOnly]
  const siblings = Object.keys(MAY_IMPORT)
    .map((other) => `@svcproxy/${other}`)
    .filter((other) => ![...allowed, ...FOR_TESTS, `@svcproxy/${name}`].includes(other))
  return [
    {
      files: [`${folderOf(name)}/src/**`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: patternsOf(name),
          },
        ],
      },
    },
    {
      files: [`${folderOf(name)}/src/**/*.test.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              NO_INSIDES,
              NO_APPS,
              ...(siblings.length > 0
                ? [{ group: siblings, message: `Not even a test of ${name} imports a sibling adapter.` }]
                : []),
            ],
          },
        ],
      },
    },
  ]
})

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  jsPlugins: ['./scripts/lint-rules.mjs'],
  options: { typeAware: true, reportUnusedDisableDirectives: 'error', denyWarnings: true },
  env: { node: true, es2024: true },
  ignorePatterns: [
    ...['node_modules', 'dist', 'reports', 'temp', 'coverage', '.stryker-tmp'].map((folder) => `**/${folder}/**`),
    'scripts/rehearsal/apps/app.ts', // compiled against the published packages, which are not installed here
  ],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  rules: {
    // From the categories, what contradicts how this code is written.
    'no-await-in-loop': 'off', // what must happen in order is awaited in a loop
    'no-underscore-dangle': 'off',
    'no-shadow': ['error', { ignoreOnInitialization: true }],
    'import/no-unassigned-import': ['error', { allow: ['@svcproxy/*/augment'] }],
    'unicorn/consistent-function-scoping': 'off', // a closure beside its only use reads better than a far-off function
    'unicorn/require-module-specifiers': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/prefer-set-has': 'off', // a list of four needs no Set
    'oxc/no-map-spread': 'off', // a copy is the safe default
    'oxc/no-async-endpoint-handlers': 'off', // Express 5 and Koa both await a handler
    'promise/always-return': 'off',
    'typescript/consistent-return': 'off', // noImplicitReturns

    // Size and shape.
    complexity: ['error', { max: 12 }],
    'max-depth': ['error', { max: 4 }],
    'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
    'max-params': ['error', { max: 4 }],
    'import/max-dependencies': 'off',

    // Names and modules.
    'id-denylist': ['error', 'cb', 'opts', 'helper', 'helpers', 'util', 'utils'],
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'import/no-mutable-exports': 'error',
    'svcproxy/no-export-star': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-import-type-side-effects': 'error',
    'typescript/no-namespace': 'error',

    // Nothing that hides a doubt.
    'typescript/no-explicit-any': 'error',
    'typescript/no-unsafe-argument': 'error',
    'typescript/no-unsafe-assignment': 'error',
    'typescript/no-unsafe-call': 'error',
    'typescript/no-unsafe-member-access': 'error',
    'typescript/no-unsafe-return': 'error',
    'typescript/no-unsafe-function-type': 'error',
    'typescript/no-unsafe-type-assertion': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    'unicorn/no-abusive-eslint-disable': 'error',
    'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],

    // Promises, errors, conditions.
    eqeqeq: 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    'no-param-reassign': 'error',
    'no-nested-ternary': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: false }],
    'typescript/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true, allowThrowingAny: false }],
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/use-unknown-in-catch-callback-variable': 'error',
    'typescript/no-deprecated': 'error',
    'typescript/prefer-readonly': 'error',
    'typescript/prefer-nullish-coalescing': 'error',

    'no-console': 'error',
    'unicorn/no-process-exit': 'error',

    'vitest/no-focused-tests': 'error',
    'vitest/no-disabled-tests': 'error',
    'vitest/no-identical-title': 'error',
    // A contract suite and a property assert in a function of their own.
    'vitest/expect-expect': [
      'error',
      { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert', 'check', '*.contract'] },
    ],
    'vitest/no-conditional-expect': 'error',
    'vitest/no-standalone-expect': 'off', // contract suites assert inside functions that a test calls
    'vitest/require-to-throw-message': 'off',
    'vitest/valid-title': ['error', { ignoreTypeOfDescribeName: true, ignoreTypeOfTestName: true }],
  },
  overrides: [
    ...importRules,
    ...roomRules,
    {
      // Core knows no environment: what it needs is an option.
      files: ['packages/core/src/**'],
      rules: { 'no-restricted-globals': ['error', 'process', 'console', 'Buffer', 'fetch'] },
    },
    {
      files: ['{packages,templates}/*/src/**'],
      rules: { 'node/no-process-env': 'error' },
    },
    {
      // A command's settings come from its environment; it is read in one place.
      files: ['packages/cli/src/main.ts'],
      rules: { 'node/no-process-env': 'off' },
    },
    {
      files: ['**/*.test.ts', 'packages/testing/src/**'],
      rules: {
        'max-lines': 'off',
        'max-lines-per-function': 'off',
        // A fake may stand for a whole type, and a test may look at what it has just put there.
        'typescript/no-unsafe-type-assertion': 'off',
        'typescript/no-non-null-assertion': 'off',
        'typescript/only-throw-error': 'off',
        'typescript/prefer-promise-reject-errors': 'off',
        'typescript/unbound-method': 'off',
        'typescript/no-unsafe-assignment': 'off', // matchers and prototypes are any
        'typescript/no-unsafe-return': 'off',
        'typescript/no-base-to-string': 'off',
        'unicorn/no-thenable': 'off',
        'promise/no-promise-in-callback': 'off',
        'vitest/valid-expect': 'off', // an expectation is made before the event that fulfils it, and awaited after
        'import/no-named-as-default-member': 'off', // fc.array reads better than array
        'no-restricted-globals': 'off',
        'node/no-process-env': 'off',
        'no-shadow': 'off',
      },
    },
    {
      files: ['apps/**', 'scripts/**'],
      rules: {
        'no-console': 'off',
        'unicorn/no-process-exit': 'off',
        'no-restricted-imports': ['error', { patterns: [NO_INSIDES] }],
      },
    },
    {
      // What the examples depend on is not installed here, so much of it is any. `npm run types` in each of them is strict.
      files: ['examples/**'],
      rules: {
        'no-console': 'off',
        'unicorn/no-process-exit': 'off',
        'typescript/no-redundant-type-constituents': 'off',
        'typescript/only-throw-error': 'off',
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
        'typescript/no-unsafe-type-assertion': 'off',
      },
    },
    {
      // Plain JavaScript: what JSON.parse returns is any, and no annotation may say otherwise.
      files: ['**/*.mjs'],
      rules: {
        'typescript/no-unsafe-argument': 'off',
        'typescript/no-unsafe-assignment': 'off',
        'typescript/no-unsafe-call': 'off',
        'typescript/no-unsafe-member-access': 'off',
        'typescript/no-unsafe-return': 'off',
      },
    },
    {
      files: [
        '*.config.ts',
        '*.config.mjs',
        '**/vitest.config.ts',
        '**/.vitepress/config.ts',
        'scripts/lint-rules.mjs',
      ],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
})
