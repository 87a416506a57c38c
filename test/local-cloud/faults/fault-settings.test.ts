import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createFaultControl } from '../../../local-cloud/faults/fault-control.ts';
import { readFaultFile } from '../../../local-cloud/faults/fault-file.ts';
import { FAULTS_ON, readFaultSettings } from '../../../local-cloud/faults/fault-settings.ts';
import { InvalidMember } from '../../../local-cloud/jobs-service/validation.ts';
import { createLogLines } from '../../fixtures/log-lines.ts';

test('what a rule leaves out has its default', () => {
  const rules = [
    { on: 'answer', fault: 'late' },
    { on: 'request', fault: 'lost' },
  ];
  expect(readFaultSettings({ rules })).toEqual({
    seed: 1,
    rules: [
      { id: 'rule-1', on: 'answer', fault: 'late', probability: 1, delayMs: 1_000, how: 'end' },
      { id: 'rule-2', on: 'request', fault: 'lost', probability: 1, delayMs: 0, how: 'end' },
    ],
  });
});

test('what was read is read again as it is', () => {
  const rule = {
    id: 'cut',
    on: 'notification',
    operation: 'notify-next',
    thingName: 'gw-1',
    fault: 'disconnectAfter',
    probability: 0.25,
    count: 3,
    delayMs: 7,
    how: 'reset',
  };
  const read = readFaultSettings({ seed: 4_294_967_295, rules: [rule] });
  expect(read.rules).toEqual([rule]);
  expect(readFaultSettings(read)).toEqual(read);
});

test.each(Object.entries(FAULTS_ON).flatMap(([on, faults]) => faults.map((fault) => [on, fault])))(
  'on %s, %s is a fault',
  (on, fault) => {
    expect(readFaultSettings({ rules: [{ on, fault }] }).rules).toMatchObject([{ on, fault }]);
  },
);

const RULE = { on: 'request', fault: 'lost' };

test.each([
  ['no object', [], 'Fault settings must be a JSON object'],
  ['a misspelt member', { sede: 1 }, "Unknown member 'sede'; known are seed, rules"],
  ['a seed that is no number', { seed: 'x' }, "Value 'x' at 'seed'"],
  [
    'a seed too large',
    { seed: 2 ** 32 },
    "at 'seed' failed to satisfy constraint: Member must be a whole number between 0",
  ],
  ['rules that are no list', { rules: {} }, "Value '{...}' at 'rules'"],
  ['too many rules', { rules: Array(101).fill(RULE) }, 'have length less than or equal to 100'],
  ['a rule that is no object', { rules: [RULE, 1] }, "Value '1' at 'rules.2.member'"],
  [
    'a misspelt member of a rule',
    { rules: [{ ...RULE, propability: 1 }] },
    "Unknown member 'rules.1.member.propability'",
  ],
  ['an unknown place', { rules: [{ on: 'mqtt', fault: 'lost' }] }, "'rules.1.member.on'"],
  ['no fault', { rules: [{ on: 'rest' }] }, "Value null at 'rules.1.member.fault'"],
  ['a fault of another place', { rules: [{ on: 'rest', fault: 'doubled' }] }, 'enum value set: [late, throttled,'],
  ['a chance above one', { rules: [{ ...RULE, probability: 1.1 }] }, "Value '1.1' at 'rules.1.member.probability'"],
  ['a chance in quotes', { rules: [{ ...RULE, probability: '1' }] }, "'rules.1.member.probability'"],
  ['half a count', { rules: [{ ...RULE, count: 0.5 }] }, "'rules.1.member.count'"],
  ['a delay below nothing', { rules: [{ ...RULE, delayMs: -1 }] }, "'rules.1.member.delayMs'"],
  ['a thing name that is none', { rules: [{ ...RULE, thingName: 'a/b' }] }, "'rules.1.member.thingName'"],
  ['another way to break', { rules: [{ ...RULE, how: 'kill' }] }, 'enum value set: [end, reset]'],
  [
    'an id twice',
    {
      rules: [
        { ...RULE, id: 'a' },
        { ...RULE, id: 'a' },
      ],
    },
    "Value 'a' at 'rules.2.member.id'",
  ],
  ['an id that another has by default', { rules: [RULE, { ...RULE, id: 'rule-1' }] }, "'rules.2.member.id'"],
])('%s is refused by its path', (_what, settings, message) => {
  expect(() => readFaultSettings(settings)).toThrow(InvalidMember);
  expect(() => readFaultSettings(settings)).toThrow(message);
});

test('what breaks connections is refused where they are those of another broker', () => {
  const { log } = createLogLines();
  const settings = { rules: [RULE, { on: 'answer', fault: 'silent' }] };
  expect(() => createFaultControl({ log, settings, mayBreakConnections: false })).toThrow('rules.2.member.fault');
  const faults = createFaultControl({ log, mayBreakConnections: false });
  expect(() => faults.set(settings)).toThrow('--broker');
  faults.set({ rules: [{ on: 'rest', fault: 'silent' }] });
  expect(faults.settings().rules).toHaveLength(1);
});

test('whatever JSON is given, it is read or refused as InvalidMember', () => {
  const members = fc.constantFrom('id', 'on', 'fault', 'count', 'probability', 'delayMs', 'how', 'thingName', 'x');
  const values = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('request', 'lost', 'rest', 'late', 'end'));
  const rule = fc.oneof(fc.dictionary(members, values), fc.jsonValue({ maxDepth: 1 }));
  fc.assert(
    fc.property(fc.record({ seed: values, rules: fc.oneof(fc.array(rule), values) }), (settings) => {
      try {
        const read = readFaultSettings(settings);
        expect(readFaultSettings(read)).toEqual(read);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidMember);
      }
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ['{', /faults\.json: .*JSON/],
  ['{"rules":[{"on":"rest","fault":"lost"}]}', /faults\.json: Value 'lost' at 'rules\.1\.member\.fault'/],
])('a file with %s is refused by its name', async (text, message) => {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'faults.json'), text);
  await expect(readFaultFile(join(folder, 'faults.json'))).rejects.toThrow(message);
});
