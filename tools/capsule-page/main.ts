import {
  openCapsule,
  type CapsuleSources,
  type FoundUnit,
  type Identifier,
  type OpenCapsule,
} from '../../adapters/capsule-reader/capsule';
import { mapAt } from '../../adapters/capsule-reader/documents';
import { readCapsuleKeys, type CapsuleKeys } from '../../adapters/capsule-reader/keys';
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

let sets: FileSet[] = [];
let keys: CapsuleKeys | null = null;
let opened: Opened[] = [];
let before: Promise<void> = Promise.resolve();

/** One after the other, in the order in which they were asked for: a search that overtook an opening would find nothing. */
function inTurn(act: () => Promise<void>): void {
  before = before.then(act, act);
}

async function open(chosen: readonly ChosenFile[]): Promise<void> {
  const found = fileSets(chosen);
  const problem = byId('opening-problem');
  problem.textContent = found.length > 0 ? '' : noCapsule(chosen);
  show(problem, found.length === 0);
  if (found.length === 0) return;
  sets = found;
  await openAgain();
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

/** Manifest and checkpoint are judged anew by every key that is given. */
async function openAgain(): Promise<void> {
  opened = [];
  for (const set of sets)
    opened.push({ set, capsule: await openCapsule(sourcesOf(set), browserCrypto, keys) });
  byId('title').textContent =
    opened.length === 1
      ? (opened[0]!.capsule.seal.capsule ?? 'One unit, by its serial')
      : `${opened.length} capsules`;
  const list = byId('capsules');
  list.replaceChildren(...opened.map(capsuleOf));
  show(list, true);
}

function sourcesOf({ files }: FileSet): CapsuleSources {
  const source = (name: string) => {
    const file = files.get(name);
    return file ? sourceOf(file) : undefined;
  };
  const all = {
    records: source('records.jsonl'),
    parquet: source('records.parquet'),
    statements: source('statements.jsonl'),
    proofs: source('proofs.jsonl'),
    checkpoint: source('checkpoint'),
    manifest: source('manifest.json'),
  };
  return Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)) as CapsuleSources;
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
  const checks = await checkFiles(set, capsule.seal.facts ?? {}, (share) => {
    results.textContent = `Reading: ${Math.floor(share * 100)} %`;
  });
  results.replaceChildren(checkList(checks));
  button.removeAttribute('disabled');
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
      element('p', { class: 'problem' }, `The files can’t be searched: ${(error as Error).message}.`),
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

async function takeKey(): Promise<void> {
  const text = byId<HTMLTextAreaElement>('key').value;
  const read = readCapsuleKeys(text, browserCrypto);
  keys = read.size > 0 ? read : null;
  const none = text.trim() === '' ? 'No key given' : 'There is no key in this text';
  byId('key-hint').textContent =
    keys === null
      ? `${none}: signatures are compared with the key that the manifest names itself.`
      : `Signatures are compared with ${[...keys.keys()].map((id) => `key ${id}`).join(', ')}, which you gave.`;
  await openAgain();
  if (byId('answers').childElementCount > 0) await search();
}

function tell(text: string): void {
  byId('status').textContent = text;
}

function listen(): void {
  for (const id of ['folder', 'files']) {
    const box = byId<HTMLInputElement>(id);
    box.addEventListener('change', () => inTurn(() => open(filesOf(box.files))));
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
    inTurn(() => files.then(open));
  });
  byId('search').addEventListener('submit', (event) => {
    event.preventDefault();
    byId('answers').setAttribute('aria-busy', 'true');
    inTurn(search);
  });
  byId('key').addEventListener('input', () => inTurn(takeKey));
}

listen();
