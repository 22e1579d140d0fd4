/**
 * The architecture, as a rule. Dependencies point one way:
 *
 *   domain  <-  workflows
 *   domain  <-  adapters  <-  activities  <-  workers, cli
 *
 * tools/ holds programs that must not share writing code with the system they check.
 */
const code = '^(domain|workflows|activities|adapters|workers|cli|tools)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'domain-is-pure',
      comment: 'Rules only: no I/O, no Temporal, no SQL. zod and yaml-free parsing is all it may import.',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: '^(domain/|node_modules/(zod|canonicalize)/)' },
    },
    {
      name: 'workflows-see-domain-and-activity-types',
      comment:
        'Workflow code is replayed: the only code it may run is its own, the domain and the SDK. ' +
        'What ends up in its bundle by other ways is checked by test/unit/workflow-bundle.test.ts.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: '^(workflows/|domain/|node_modules/@temporalio/(workflow|common)/)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'adapters-know-only-the-domain',
      severity: 'error',
      from: { path: '^adapters/' },
      to: { path: '^(workflows|activities|workers|cli|tools)/' },
    },
    {
      name: 'activities-stand-on-adapters',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^(workflows|workers|cli|tools)/' },
    },
    {
      name: 'workers-are-below-the-command-line',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: '^(cli|tools)/' },
    },
    {
      name: 'the-auditor-shares-no-writing-code',
      comment:
        'An auditor built on the code it audits repeats its mistakes: formats may be shared, and the reader of capsules, ' +
        'which shares no code with their writer; writers not.',
      severity: 'error',
      from: { path: '^tools/audit' },
      to: { path: '^(workflows|activities|adapters/(?!capsule-reader/)|workers|cli)/' },
    },
    {
      name: 'the-export-verifier-stands-alone',
      comment: 'A buyer runs it with Node and nothing else, and it judges what our code has written.',
      severity: 'error',
      from: { path: '^tools/export-verifier' },
      to: {
        path: '^(domain|workflows|activities|adapters|workers|cli|node_modules|tools/(?!export-verifier))',
      },
    },
    {
      name: 'the-capsule-reader-shares-no-writing-code',
      comment:
        'It judges what our code has written, before rows are deleted: names and shapes may be shared, code not.',
      severity: 'error',
      from: { path: '^adapters/capsule-reader/' },
      to: {
        path: '^(domain/(?!capsule\\.ts)|adapters/(?!capsule-reader/))',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-capsule-page-is-made-of-the-reader',
      comment:
        'What a browser runs from a stick: its own code, the plain part of the reader, and what both need.',
      severity: 'error',
      from: { path: '^tools/capsule-page/' },
      to: {
        path: '^(domain|workflows|activities|workers|cli|adapters/(?!capsule-reader/)|tools/(?!capsule-page/))',
      },
    },
    {
      name: 'the-virtual-bench-is-a-fixture',
      comment:
        'It stands for hardware: nothing of the product may lean on it, and it leans on nothing of the product.',
      severity: 'error',
      from: { path: '^tools/virtual-bench' },
      to: { path: '^(workflows|activities|adapters|workers|cli)/' },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: code },
      to: { path: '^(test|bench)/' },
    },
    { name: 'no-cycles', severity: 'error', from: { path: code }, to: { circular: true } },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: code, pathNot: '^tools/build-' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.unitrail|coverage|test-artefacts|dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
