import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FaultEvent } from '../../../local-cloud/faults/decide-fate.ts';
import { decideFate, newFateState } from '../../../local-cloud/faults/decide-fate.ts';
import { readFaultSettings } from '../../../local-cloud/faults/fault-settings.ts';

const event: fc.Arbitrary<FaultEvent> = fc.record({
  on: fc.constantFrom('request', 'answer', 'notification', 'rest'),
  operation: fc.constantFrom('UpdateJobExecution', 'DescribeJobExecution', 'notify-next'),
  thingName: fc.constantFrom('gw-1', 'gw-2', undefined),
});
const rule = fc.record(
  {
    on: fc.constantFrom('request', 'answer', 'notification', 'rest'),
    fault: fc.constant('late'),
    probability: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.nat(5),
    thingName: fc.constantFrom('gw-1', 'gw-2'),
  },
  { requiredKeys: ['on', 'fault', 'probability'] },
);
const seed = fc.nat(2 ** 32 - 1);

/** The ids of the rules that struck, one for each event. */
function fates(settings: unknown, events: readonly FaultEvent[]): (string | undefined)[] {
  const state = newFateState(readFaultSettings(settings));
  return events.map((one) => decideFate(state, one)?.id);
}

test('the same seed and the same messages have the same fates', () => {
  fc.assert(
    fc.property(seed, fc.array(rule), fc.array(event), (number, rules, events) => {
      const settings = { seed: number, rules };
      expect(fates(settings, events)).toEqual(fates(settings, events));
    }),
  );
});

test('what other things do changes nothing for a thing, where no count is shared', () => {
  fc.assert(
    fc.property(seed, fc.array(rule), fc.array(event), (number, rules, events) => {
      const settings = { seed: number, rules: rules.map(({ count: _shared, ...own }) => own) };
      const all = fates(settings, events).filter((_, index) => events[index]?.thingName === 'gw-1');
      const alone = fates(
        settings,
        events.filter(({ thingName }) => thingName === 'gw-1'),
      );
      expect(all).toEqual(alone);
    }),
  );
});

test('a rule draws the same whatever rules stand behind it', () => {
  fc.assert(
    fc.property(seed, rule, fc.array(rule), fc.array(event), (number, first, others, events) => {
      const alone = fates({ seed: number, rules: [first] }, events);
      const among = fates({ seed: number, rules: [first, ...others] }, events);
      expect(among.map((id) => (id === 'rule-1' ? id : undefined))).toEqual(alone);
    }),
  );
});

test('no rule strikes more often than its count, nor where it does not fit', () => {
  fc.assert(
    fc.property(seed, fc.array(rule), fc.array(event, { maxLength: 60 }), (number, rules, events) => {
      const settings = readFaultSettings({ seed: number, rules });
      const state = newFateState(settings);
      for (const one of events) {
        const struck = decideFate(state, one);
        if (!struck) continue;
        expect(struck.on).toBe(one.on);
        expect([undefined, one.thingName]).toContain(struck.thingName);
      }
      for (const { id, count = Infinity } of settings.rules) expect(state.counts.get(id)).toBeLessThanOrEqual(count);
    }),
  );
});

test('a rule strikes about as often as its probability says', () => {
  const rules = [{ on: 'answer', fault: 'lost', probability: 0.2 }];
  const events = Array.from({ length: 10_000 }, () => ({ on: 'answer', operation: 'x', thingName: 'gw-1' }) as const);
  const struck = fates({ seed: 7, rules }, events).filter((id) => id !== undefined).length;
  expect(struck).toBeGreaterThan(1_800);
  expect(struck).toBeLessThan(2_200);
});

test('another seed has other fates', () => {
  const rules = [{ on: 'answer', fault: 'lost', probability: 0.5 }];
  const events = Array.from({ length: 64 }, () => ({ on: 'answer', operation: 'x', thingName: 'gw-1' }) as const);
  expect(fates({ seed: 1, rules }, events)).not.toEqual(fates({ seed: 2, rules }, events));
});

test('probability 0 never strikes, and 1 always', () => {
  const events = Array.from({ length: 1_000 }, () => ({ on: 'answer', operation: 'x', thingName: undefined }) as const);
  const of = (probability: number) => new Set(fates({ rules: [{ on: 'answer', fault: 'lost', probability }] }, events));
  expect([of(0), of(1)]).toEqual([new Set([undefined]), new Set(['rule-1'])]);
});

test('emptyNext strikes only the answer that follows a notification', () => {
  const state = newFateState(readFaultSettings({ rules: [{ on: 'answer', fault: 'emptyNext' }] }));
  const answer = { on: 'answer', operation: 'DescribeJobExecution', thingName: 'gw-1' } as const;
  expect(decideFate(state, { ...answer, isNextAfterNotification: false })).toBeUndefined();
  expect(decideFate(state, { ...answer, isNextAfterNotification: true })?.fault).toBe('emptyNext');
});
