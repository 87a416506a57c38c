import { expect, test } from 'vitest';
import type { JsonObject } from '../../agent/core/json.ts';
import { isKept, judge, type Observed } from './oracle.ts';
import { PLACES } from './places.ts';

const REFUSED = { status: 'REJECTED', details: { reasonCode: 'PARAMETERS_INVALID', reason: '/a: is not known' } };
const SUCCEEDED = { status: 'SUCCEEDED', details: {} };
const NOTHING: Omit<Observed, 'ended'> = {
  calls: [],
  changed: [],
  elsewhere: [],
  processes: [],
  leftFolders: [],
  trapped: 0,
};
const COMMAND = ['probe', 'zq1 a', '', '-rf', '$(id)'];
const PROBE = { operation: 'run-command', parameters: { command: COMMAND } };
const CALL = { name: 'probe', args: COMMAND.slice(1) };

function problems(document: JsonObject, observed: Partial<Observed>, mustBeRejected = false): readonly string[] {
  return judge(
    { kind: 'x', text: JSON.stringify(document), mustBeRejected },
    { ended: SUCCEEDED, ...NOTHING, ...observed },
  );
}

test('what is as it should be is no problem', () => {
  expect(problems(PROBE, { calls: [CALL] })).toEqual([]);
  expect(problems(PROBE, { ended: REFUSED }, true)).toEqual([]);
  const path = `${PLACES.allowed}/zq1`;
  expect(problems({ operation: 'write-file', parameters: { path, content: '' } }, { changed: [path] })).toEqual([]);
});

test.each<[string, JsonObject, Partial<Observed>, string]>([
  ['a file elsewhere', PROBE, { calls: [CALL], elsewhere: ['/pwned'] }, 'written outside'],
  ['a process', PROBE, { calls: [CALL], processes: ['sleep 300'] }, 'left running'],
  ['a folder', PROBE, { calls: [CALL], leftFolders: ['/fuzz/agent/state/work/x'] }, 'left behind'],
  ['a connection', PROBE, { calls: [CALL], trapped: 1 }, 'connected 1 times'],
  [
    'a split argument',
    PROBE,
    { calls: [{ name: 'probe', args: ['zq1', 'a', '', '-rf', '$(id)'] }] },
    'called otherwise',
  ],
  ['a lost argument', PROBE, { calls: [{ name: 'probe', args: ['zq1 a', '-rf', '$(id)'] }] }, 'called otherwise'],
  ['a call too many', PROBE, { calls: [CALL, CALL] }, 'called otherwise'],
  ['a call too few', PROBE, {}, 'succeeded, and yet only 0 of 1'],
  ['a call of what was refused', PROBE, { ended: REFUSED, calls: [CALL] }, 'refused, and yet probe was started'],
  ['a change by what was refused', PROBE, { ended: REFUSED, changed: ['/fuzz/allowed/a'] }, 'refused, and yet changed'],
  ['a change that nothing names', PROBE, { calls: [CALL], changed: ['/fuzz/allowed/a'] }, 'named nowhere'],
  [
    'a part of a text as an argument',
    { operation: 'services', parameters: { action: 'start', units: ['zq1 zq2'] } },
    { calls: [{ name: 'systemctl', args: ['start', '--', 'zq1 zq'] }] },
    'systemctl got a part',
  ],
  [
    'an option from the document',
    { operation: 'services', parameters: { action: 'start', units: ['-zq1'] } },
    { calls: [{ name: 'systemctl', args: ['start', '-zq1'] }] },
    'systemctl got an option',
  ],
  [
    'a refusal without a reason',
    PROBE,
    { ended: { status: 'REJECTED', details: { reasonCode: 'PARAMETERS_INVALID' } } },
    'without a reason',
  ],
])('%s is told', (_, document, observed, told) => {
  expect(problems(document, observed).join('\n')).toContain(told);
});

test('what must be refused and is not is told, also where it is refused only after something ran', () => {
  expect(problems(PROBE, { calls: [CALL] }, true).join()).toContain('not refused before anything ran');
  const late = { status: 'REJECTED', details: { reasonCode: 'UPLOAD_FILE_REFUSED', reason: 'x' } };
  expect(problems(PROBE, { ended: late }, true).join()).toContain('not refused before anything ran');
});

test('the journal is kept, folders of jobs are not', () => {
  expect(isKept(`${PLACES.state}/journal/0123456789abcdef/journal-a.log`)).toBe(true);
  expect(isKept(`${PLACES.state}/work`)).toBe(true);
  expect(isKept(`${PLACES.state}/work/fuzz-1.1.1`)).toBe(false);
});
