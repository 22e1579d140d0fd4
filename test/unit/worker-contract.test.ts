import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { taskQueues } from '../../domain/workflow-ids';
import {
  officeActivities,
  stationActivities,
  type OfficeDeps,
  type StationDeps,
} from '../../workers/create-worker';
import type { TemporalHost } from '../../workers/temporal-host';
import * as workflows from '../../workflows';
import { readRecording, recordings } from '../replay/recordings';

const folder = join(__dirname, '..', '..', 'workflows');

type Kind = 'office' | 'station';

/** What the workers register. Nothing is called here, so that nothing is needed to make it. */
const registered: Readonly<Record<Kind, string[]>> = {
  office: Object.keys(officeActivities({} as OfficeDeps, {} as TemporalHost)).sort(),
  station: Object.keys(stationActivities({ devices: {} } as StationDeps)).sort(),
};

interface Proxy {
  readonly name: string;
  readonly type: string;
  readonly queue: string;
}

interface Call {
  readonly proxy: string;
  readonly activity: string;
}

interface Source {
  readonly proxies: Proxy[];
  readonly calls: Call[];
}

const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readSource(join(folder, name)));

/** Finds `const office = proxyActivities<OfficeActivities>({ …, taskQueue })`, and every `office.something`. */
function readSource(file: string): Source {
  const root = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const proxies = everyNode(root).flatMap(proxyOf);
  const names = new Set(proxies.map(({ name }) => name));
  return {
    proxies,
    calls: everyNode(root)
      .flatMap(callOf)
      .filter(({ proxy }) => names.has(proxy)),
  };
}

function everyNode(root: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(root, (child) => void children.push(child));
  return [root, ...children.flatMap(everyNode)];
}

function proxyOf(node: ts.Node): Proxy[] {
  if (!ts.isCallExpression(node) || !/^proxy(Local)?Activities$/.test(node.expression.getText())) return [];
  const name = ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : node.parent.getText();
  const [, queue = 'none'] = /taskQueue: ([\w.]+)/.exec(node.getText()) ?? [];
  return [{ name, type: node.typeArguments?.[0]?.getText() ?? 'none', queue }];
}

/** A method that is called or handed on, both are use. */
function callOf(node: ts.Node): Call[] {
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return [];
  return [{ proxy: node.expression.text, activity: node.name.text }];
}

const typeOf: Readonly<Record<Kind, string>> = { office: 'OfficeActivities', station: 'StationActivities' };

/** The activities that workflows name, by the type of the proxy that they name them on. */
function namedIn(kind: Kind): string[] {
  const named = sources.flatMap(({ proxies, calls }) => {
    const names = proxies.filter(({ type }) => type === typeOf[kind]).map(({ name }) => name);
    return calls.filter(({ proxy }) => names.includes(proxy)).map(({ activity }) => activity);
  });
  return [...new Set(named)].sort();
}

/** The activities that really went over a queue of this kind, in every recorded history. */
async function scheduled(): Promise<{ kind: Kind | undefined; activity: string }[]> {
  const histories = await Promise.all(recordings.map(readRecording));
  return histories
    .flatMap(({ events }) => events)
    .flatMap(({ activityTaskScheduledEventAttributes: task }) => task ?? [])
    .map(({ activityType, taskQueue }) => ({ kind: kindOf(taskQueue.name), activity: activityType.name }));
}

function kindOf(queue: string): Kind | undefined {
  if (queue === taskQueues.office) return 'office';
  return queue.startsWith(taskQueues.station('')) ? 'station' : undefined;
}

test('every proxy in a workflow is a constant of one of the two kinds, on the queue of its kind', () => {
  const proxies = sources.flatMap((source) => source.proxies);
  expect(proxies.length).toBeGreaterThan(0);
  for (const { name, type, queue } of proxies) {
    expect(name).toMatch(/^\w+$/);
    expect({ type, queue }).toEqual(
      type === typeOf.station
        ? { type, queue: 'taskQueues.station' }
        : { type: typeOf.office, queue: 'taskQueues.office' },
    );
  }
});

test.each(['office', 'station'] as const)(
  'the %s workers register what workflows call there: nothing is missing, nothing is dead',
  (kind) => {
    expect(registered[kind].length).toBeGreaterThan(0);
    expect(namedIn(kind)).toEqual(registered[kind]);
  },
);

test('no activity is registered on both kinds of queue', () => {
  expect(registered.office.filter((name) => registered.station.includes(name))).toEqual([]);
});

test('every activity in a recorded history is registered by the workers of its queue', async () => {
  const tasks = await scheduled();
  expect(new Set(tasks.map(({ kind }) => kind))).toEqual(new Set(['office', 'station']));
  expect(tasks.filter(({ kind, activity }) => !kind || !registered[kind].includes(activity))).toEqual([]);
});

test('the workflow types are these: links, schedules and running workflows use the names', async () => {
  expect(Object.keys(workflows).sort()).toEqual([
    ...['batch', 'export', 'log', 'notices', 'packing', 'partition', 'resolveUnits', 'retention'],
    ...['shipment', 'storeCheck', 'unit'],
  ]);
  const started = await Promise.all(recordings.map(readRecording));
  const types = started.map(
    ({ events }) => events[0]!.workflowExecutionStartedEventAttributes!.workflowType.name,
  );
  expect([...new Set(types)].sort()).toEqual([
    ...[
      'batch',
      'export',
      'packing',
      'partition',
      'resolveUnits',
      'retention',
      'shipment',
      'storeCheck',
      'unit',
    ],
  ]);
});
