import { linksOf } from '../../cli/links';

const links = linksOf('http://ui.example:8233/', 'line/1', {
  batches: ['B-1'],
  stations: ['line-1'],
});

test('each link is a list of the web UI with its query, or the form that starts a batch', () => {
  const url = (name: string) => links.find((link) => link.name === name)?.url ?? '';
  expect(decodeURIComponent(url('B-1'))).toBe(
    'http://ui.example:8233/namespaces/line/1/workflows?query=BatchId="B-1"',
  );
  expect(decodeURIComponent(url('line-1'))).toContain(
    'UnitState="AwaitingEngineer" AND ExecutionStatus="Running" AND StationId="line-1"',
  );
  expect(url('a batch by form')).toBe(
    'http://ui.example:8233/namespaces/line%2F1/workflows/start-workflow?workflowType=batch&taskQueue=unitrail.workflows',
  );
});

test('no link has a character at which a terminal would end it', () => {
  for (const { url } of links) expect(url).toMatch(/^[^\s"'()<>]+$/);
});
