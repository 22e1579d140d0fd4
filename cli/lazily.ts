/**
 * Loads a module of ours when it is needed, its path relative to this folder: a command that asks for no server has to
 * start in a moment. Not by `import()`, which goes past tsx to Node's own loader, and that reads no TypeScript.
 */
export function lazily<Module>(path: string): Module {
  return module.require(path) as Module;
}
