import { describe, expect, test } from 'vitest';
import { parseChaosArguments } from './arguments.ts';
import { createKillReport, type KillReport, unmetKinds } from './kill-report.ts';
import { killTable } from './kill-table.ts';
import { CALL_KINDS, type CallKind } from './system-calls.ts';

const kindOf = (name: string) => CALL_KINDS.find((kind) => kind.name === name) as CallKind;

function reportOf(kills: Readonly<Record<string, readonly number[]>>): KillReport {
  const reach = new Map(['sync', 'open', 'remove'].map((name) => [kindOf(name), 5]));
  const violations = [{ kind: 'lost reports', what: 'never told', facts: {} }] as const;
  const report = createKillReport({ reach, violations, settleTimesMs: [900, 4_000, 1_000], faults: new Map() });
  for (const [name, points] of Object.entries(kills)) {
    for (const nth of points) report.killed({ killPoint: { kind: kindOf(name), nth } }, true);
  }
  return report;
}

describe('a kind of call that was never killed at', () => {
  test('is named where it matters', () => {
    expect(unmetKinds(reportOf({ sync: [1] }))).toEqual(['open']);
  });

  test('is met by one kill', () => {
    expect(unmetKinds(reportOf({ sync: [1], open: [3] }))).toEqual([]);
  });
});

test('the table counts kills, points and violations for each broker', () => {
  const table = killTable(
    new Map([
      ['aedes', reportOf({ sync: [1, 1, 2] })],
      ['mosquitto', reportOf({})],
    ]),
  );
  expect(table).toMatch(/sync \(fdatasync, fsync\) +3, 2 of 5 points +0, 0 of 5 points/);
  expect(table).toMatch(/settle time, median and longest +1\.0 s, 4\.0 s/);
  expect(table).toMatch(/kills +3 +0\n/);
  expect(table).toMatch(/lost reports +1 +1\n/);
});

describe('the command line', () => {
  test('parts the kills between both brokers', () => {
    const { runs, hasFaults } = parseChaosArguments(['--kills', '2000', '--seed', '1']);
    expect(hasFaults).toBe(true);
    expect(runs).toEqual([
      { broker: 'aedes', kills: 1_600 },
      { broker: 'mosquitto', kills: 400 },
    ]);
  });

  test.each([
    [['--broker', 'emqx'], '--broker: expected aedes or mosquitto or both, got emqx'],
    [['--faults', 'some'], '--faults: expected on or off, got some'],
    [['--kills', '0'], '--kills: expected a whole number above 0, got 0'],
  ])('%o is refused', (argv, message) => {
    expect(() => parseChaosArguments(argv)).toThrow(message);
  });
});
