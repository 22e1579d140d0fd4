import type { Command } from 'commander';
import { lazily } from './lazily';
import type { ServerContext } from './server-context';

/** A module that hangs one sub-command into the program. */
export interface CommandModule {
  register(program: Command, context: ServerContext): void;
}

/** A sub-command's file, or those of a group (`unitrail batch …`) by name. A file is loaded when it is needed. */
interface Entry {
  readonly summary: string;
  readonly load: string | Readonly<Record<string, string>>;
}

/** In the order in which a newcomer meets them. */
export const entries: Readonly<Record<string, Entry>> = {
  demo: { summary: 'the main job on this machine, from order to shipped units', load: './demo' },
  up: { summary: 'the embedded servers and all workers, until Ctrl-C', load: './up' },
  doctor: { summary: 'what is reachable, what is not, and how to mend it', load: './doctor' },
  migrate: { summary: 'bring the database schema up to date', load: './migrate' },
  apply: { summary: 'load a plant file: products, stations, firmware', load: './apply' },
  import: {
    summary: "a buyer's own numbers, units made before Unitrail, and what devices report after shipping",
    load: {
      serials: './import-serials',
      history: './import-history',
      'field-firmware': './import-field-firmware',
    },
  },
  worker: { summary: 'one worker for production', load: './worker' },
  batch: {
    summary: 'orders to the line: template, start, status, list, pause, cancel, top-up and more',
    load: {
      template: './batch-template',
      start: './batch-start',
      status: './batch-status',
      list: './batch-list',
      lots: './batch-lots',
      pause: './batch-pause',
      resume: './batch-resume',
      cancel: './batch-cancel',
      'top-up': './batch-top-up',
      window: './batch-window',
      priority: './batch-priority',
    },
  },
  order: {
    summary: "what became of a buyer's order: show, set",
    load: { show: './order-show', set: './order-set' },
  },
  shipment: {
    summary: 'what leaves together: create, add, move, remove, pallet, close, show, list and more',
    load: {
      create: './shipment-create',
      set: './shipment-set',
      add: './shipment-add',
      move: './shipment-move',
      remove: './shipment-remove',
      pallet: './shipment-pallet',
      close: './shipment-close',
      cancel: './shipment-cancel',
      show: './shipment-show',
      list: './shipment-list',
    },
  },
  store: { summary: 'the content store and its second copy: check', load: { check: './store-check' } },
  unit: {
    summary: 'one unit, or the units that fit',
    load: {
      show: './unit-show',
      list: './unit-list',
      retry: './unit-retry',
      rework: './unit-rework',
      scrap: './unit-scrap',
      missing: './unit-missing',
      found: './unit-found',
      hold: './unit-hold',
      release: './unit-release',
      identify: './unit-identify',
      correct: './unit-correct',
      return: './unit-return',
    },
  },
  units: {
    summary: 'one decision about many units, and what came of it',
    load: { resolve: './units-resolve', resolved: './units-resolved' },
  },
  export: {
    summary: 'what buyers get: run, list, reissue, extract, deliver, verify',
    load: {
      run: './export-run',
      list: './export-list',
      look: './export-look',
      reissue: './export-reissue',
      extract: './export-extract',
      deliver: './export-deliver',
      verify: './export-verify',
    },
  },
  capsule: {
    summary:
      'archives of shipped units, read without any server: query, verify; export puts one into a folder',
    load: { query: './capsule-query', verify: './capsule-verify', export: './capsule-export' },
  },
  log: {
    summary:
      'what nobody can change unnoticed: show, proof, verify; and for witnesses: cosign, consistency, add-cosignature',
    load: {
      show: './log-show',
      proof: './log-proof',
      verify: './log-verify',
      consistency: './log-consistency',
      cosign: './log-cosign',
      'add-cosignature': './log-add-cosignature',
    },
  },
  keys: { summary: 'the public keys by which exports and the log are found good', load: './keys' },
  retention: {
    summary: 'what moves into the archive, and what is erased: run, policy, report',
    load: { run: './retention-run', policy: './retention-policy', report: './retention-report' },
  },
  'legal-hold': {
    summary: 'what may be neither moved nor erased: add, release, list',
    load: { add: './legal-hold-add', release: './legal-hold-release', list: './legal-hold-list' },
  },
  recall: { summary: 'who has it: holds what has not shipped, and lists what has', load: './recall' },
  report: { summary: 'what a shift made, held and hands over', load: { shift: './report-shift' } },
  registry: {
    summary: 'the registry of numbers: how far it is, and after a restored backup',
    load: { show: './registry-show', advance: './registry-advance' },
  },
  scheme: {
    summary: 'how serials are made: list, preview, key',
    load: { list: './scheme-list', preview: './scheme-preview', key: './scheme-key' },
  },
  pool: {
    summary: 'how full the pools of numbers are, and when they run out',
    load: { list: './pool-list' },
  },
  lease: {
    summary: 'numbers that several sites share: key, grant, accept, return, take-back, list',
    load: {
      key: './lease-key',
      grant: './lease-grant',
      accept: './lease-accept',
      return: './lease-return',
      'take-back': './lease-take-back',
      list: './lease-list',
    },
  },
  resume: { summary: "go on after Temporal's state was lost", load: './resume' },
  links: { summary: 'deep links into the Temporal web UI', load: './links' },
  balance: { summary: 'what became of all numbers that were granted, and the proof', load: './balance' },
  audit: { summary: 'check every promise from the stored bytes', load: './audit' },
};

/**
 * Hangs in what these arguments need: the one sub-command that they name, or a list of all where they name none. Loading
 * everything would take longer than most commands.
 */
export function registerCommands(program: Command, context: ServerContext, args: readonly string[]): void {
  const [name = '', part = ''] = wordsOf(args);
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (!entry) return listAll(program);
  for (const file of filesOf(entry, part)) lazily<CommandModule>(file).register(program, context);
  program.commands.find((command) => command.name() === name)?.summary(entry.summary);
}

/** `unitrail help batch` asks for what `unitrail batch --help` does. */
function wordsOf(args: readonly string[]): string[] {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return words[0] === 'help' ? words.slice(1) : words;
}

function filesOf({ load }: Entry, part: string): string[] {
  if (typeof load === 'string') return [load];
  return Object.hasOwn(load, part) ? [load[part]!] : Object.values(load);
}

function listAll(program: Command): void {
  for (const [name, { summary }] of Object.entries(entries))
    program.command(name).summary(summary).description(summary);
}
