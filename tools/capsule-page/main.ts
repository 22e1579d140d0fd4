import type { ByteSource } from '../../adapters/capsule-reader/bytes';
import {
  openCapsule,
  type CapsuleSources,
  type FoundUnit,
  type Identifier,
  type OpenCapsule,
} from '../../adapters/capsule-reader/capsule';
import { mapAt } from '../../adapters/capsule-reader/documents';
import { readCapsuleKeys } from '../../adapters/capsule-reader/keys';
import { browserCrypto } from './browser-crypto';
import { checkFiles } from './check-files';
import { droppedFiles, fileSets, filesOf, sourceOf, type ChosenFile, type FileSet } from './chosen-files';
import { byId, element, show } from './dom';
import { checkList, unitSheet } from './unit-sheet';
import { logCheck, manifestCheck } from './verdicts';

interface Opened {
  readonly set: FileSet;
  readonly capsule: OpenCapsule;
}

let opened: Opened[] = [];
let before: Promise<void> = Promise.resolve();

/** One after the other, in the order in which they were asked for: a search that overtook an opening would find nothing. */
function inTurn(act: () => Promise<void>): void {
  before = before.then(act, act);
}

/** In its turn. What goes wrong is said, and can be tried again: a stick that was pulled out comes back. */
function attempt(act: () => Promise<void>): void {
  inTurn(async () => {
    showProblem();
    try {
      await act();
    } catch (error) {
      const again = element('button', { type: 'button', class: 'button small' }, 'Try again');
      again.addEventListener('click', () => attempt(act));
      showProblem(`${(error as Error).message}. `, again);
    }
  });
}

function showProblem(...told: (string | HTMLElement)[]): void {
  const problem = byId('opening-problem');
  problem.replaceChildren(...told);
  show(problem, told.length > 0);
}

async function open(chosen: readonly ChosenFile[]): Promise<void> {
  const found = fileSets(chosen);
  if (found.length === 0) return showProblem(noCapsule(chosen));
  await judge(found);
  show(byId('search'), true);
  byId('opening').classList.add('opened');
  byId('invitation').textContent = 'Another capsule, or several: drop their folder here.';
  byId('answers').replaceChildren();
  tell('');
  byId('wanted').focus();
}

function noCapsule(chosen: readonly ChosenFile[]): string {
  const names = chosen.slice(0, 3).map(({ file }) => file.name);
  const told =
    names.length === 0
      ? 'Nothing was chosen'
      : `There is no capsule in ${names.join(', ')}${chosen.length > 3 ? ', …' : ''}`;
  return `${told}. A capsule has the files records.jsonl or records.parquet, and beside them proofs.jsonl, checkpoint and manifest.json.`;
}

/** Manifest and checkpoint, by the key that is given. Where they can't be read, what was open before stays open as it was. */
async function judge(found: readonly FileSet[]): Promise<void> {
  const text = byId<HTMLTextAreaElement>('key').value;
  const hint = byId('key-hint');
  hint.textContent = 'What stands here is not used yet: the files have to be read by it first.';
  const keys = readCapsuleKeys(text, browserCrypto);
  const judged: Opened[] = [];
  for (const set of found)
    judged.push({
      set,
      capsule: await openCapsule(await sourcesOf(set), browserCrypto, keys.size > 0 ? keys : null),
    });
  opened = judged;
  hint.textContent = keyHint(text, [...keys.keys()]);
  byId('title').textContent =
    opened.length === 1
      ? (opened[0]!.capsule.seal.capsule ?? 'One unit, by its serial')
      : `${opened.length} capsules`;
  const list = byId('capsules');
  list.replaceChildren(...opened.map(capsuleOf));
  show(list, true);
}

const sources = {
  records: 'records.jsonl',
  parquet: 'records.parquet',
  statements: 'statements.jsonl',
  proofs: 'proofs.jsonl',
  checkpoint: 'checkpoint',
  manifest: 'manifest.json',
} as const;

async function sourcesOf({ files }: FileSet): Promise<CapsuleSources> {
  const found: Partial<Record<keyof typeof sources, ByteSource>> = {};
  for (const [key, name] of Object.entries(sources) as [keyof typeof sources, string][]) {
    const file = files.get(name);
    if (file) found[key] = await sourceOf(file);
  }
  return found;
}

function capsuleOf({ set, capsule }: Opened): HTMLElement {
  const { seal } = capsule;
  const facts = seal.facts ?? {};
  const count = mapAt(facts, 'counts').records;
  const told =
    seal.facts === null
      ? 'no manifest that can be read'
      : `${Number(count).toLocaleString('en')} records · ${String(facts.firstSerial ?? '–')} to ${String(facts.lastSerial ?? '–')}`;
  const button = element('button', { type: 'button', class: 'button small' }, 'Check all files');
  const results = element('div', { role: 'status' });
  if (seal.facts === null) show(button, false);
  button.addEventListener('click', () => void checkAll({ set, capsule }, button, results));
  return element(
    'div',
    { class: 'capsule' },
    element(
      'div',
      {},
      element('h2', {}, seal.capsule ?? (set.folder || 'The chosen files')),
      element('p', {}, told),
    ),
    button,
    checkList([manifestCheck(seal), logCheck(seal)]),
    results,
  );
}

async function checkAll({ set, capsule }: Opened, button: HTMLElement, results: HTMLElement): Promise<void> {
  button.setAttribute('disabled', '');
  try {
    const checks = await checkFiles(set, capsule.seal.facts ?? {}, (share) => {
      results.textContent = `Reading: ${Math.floor(share * 100)} %`;
    });
    results.replaceChildren(checkList(checks));
  } finally {
    button.removeAttribute('disabled');
  }
}

async function search(): Promise<void> {
  const wanted = byId<HTMLInputElement>('wanted').value.trim();
  const answers = byId('answers');
  answers.replaceChildren();
  answers.setAttribute('aria-busy', 'true');
  tell('Looking …');
  try {
    const sheets = await sheetsOf(wanted);
    answers.replaceChildren(...sheets);
    tell(sheets.length > 0 ? '' : `${wanted} is in none of these files.`);
  } catch (error) {
    tell('');
    answers.replaceChildren(
      element(
        'p',
        { class: 'problem', role: 'alert' },
        `The files can’t be searched: ${(error as Error).message}.`,
      ),
    );
  } finally {
    answers.setAttribute('aria-busy', 'false');
  }
}

/**
 * By serial first: that asks for twenty small readings a capsule. As it was typed, because a buyer's serials may differ in
 * their case alone; in capitals only where no capsule has that. All else goes through the table.
 */
async function sheetsOf(typed: string): Promise<HTMLElement[]> {
  const capitals = typed.toUpperCase();
  for (const serial of new Set([typed, capitals])) {
    const sheets = await sheetsIn((capsule) => capsule.find(serial));
    if (sheets.length > 0) return sheets;
  }
  const by = identifierOf(capitals);
  if (by === null) return [];
  tell('Looking through the table …');
  return sheetsIn((capsule) => unitsBy(capsule, ...by));
}

async function sheetsIn(find: (capsule: OpenCapsule) => Promise<FoundUnit[]>): Promise<HTMLElement[]> {
  const sheets: HTMLElement[] = [];
  for (const { capsule } of opened)
    for (const unit of await find(capsule)) sheets.push(unitSheet(unit, capsule.seal));
  return sheets;
}

async function unitsBy(capsule: OpenCapsule, identifier: Identifier, value: string): Promise<FoundUnit[]> {
  const found: FoundUnit[] = [];
  for (const serial of await capsule.serialsBy(identifier, value))
    found.push(
      ...(await capsule.find(serial)).filter(({ record }) => record?.document.includes(`"${value}"`)),
    );
  return found;
}

function identifierOf(wanted: string): [Identifier, string] | null {
  const plain = wanted.replace(/[\s:-]/g, '');
  if (/^[0-9A-F]{64}$/.test(plain)) return ['certificate', plain.toLowerCase()];
  if (/^([0-9A-F]{2}[:-]){5,7}[0-9A-F]{2}$/.test(wanted)) return ['mac', wanted.replaceAll('-', ':')];
  return /^[0-9A-F]{8,64}$/.test(plain) ? ['chipUid', plain] : null;
}

function keyHint(text: string, ids: readonly string[]): string {
  const none = text.trim() === '' ? 'No key given' : 'There is no key in this text';
  return ids.length === 0
    ? `${none}: signatures are compared with the key that the manifest names itself.`
    : `Signatures are compared with ${ids.map((id) => `key ${id}`).join(', ')}, which you gave.`;
}

async function takeKey(): Promise<void> {
  await judge(opened.map(({ set }) => set));
  if (byId('answers').childElementCount > 0) await search();
}

function tell(text: string): void {
  byId('status').textContent = text;
}

function listen(): void {
  for (const id of ['folder', 'files']) {
    const box = byId<HTMLInputElement>(id);
    box.addEventListener('change', () => {
      const chosen = filesOf(box.files);
      attempt(() => open(chosen));
      // Otherwise the same folder, chosen again, would be no change.
      box.value = '';
    });
  }
  const drop = byId('drop');
  // A file that is dropped beside the box would take the place of this page.
  for (const kind of ['dragover', 'drop']) document.addEventListener(kind, (event) => event.preventDefault());
  drop.addEventListener('dragover', () => drop.classList.add('over'));
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    drop.classList.remove('over');
    if (!event.dataTransfer) return;
    const files = droppedFiles(event.dataTransfer.items);
    attempt(async () => open(await files()));
  });
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault();
    byId('answers').setAttribute('aria-busy', 'true');
    inTurn(search);
  });
  byId('key').addEventListener('input', () => attempt(takeKey));
}

listen();
