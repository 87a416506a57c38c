import { expect, test } from 'vitest';
import { type AllowedFaults, createCloudFaults, type FaultCounts } from './cloud-faults.ts';

function draws(seed: number, allowed: AllowedFaults = 'all') {
  const counts: FaultCounts = new Map();
  const faults = createCloudFaults(seed, counts);
  faults.allow(allowed);
  const drawn = Array.from({ length: 3_000 }, () => {
    faults.agentStarts();
    return [faults.request(), faults.answer(), faults.notification(), faults.cut(), faults.breaksAfterBytes()];
  });
  return { drawn, counts };
}

test('everything goes wrong at some time', () => {
  expect([...draws(1).counts.keys()].sort()).toEqual([
    'answer doubled',
    'answer late',
    'answer lost',
    'answer overtaken',
    'connection cut after the answer',
    'connection cut before the answer',
    'connection cut before the request',
    'connection cut while it is made',
    'notification doubled',
    'notification late',
    'notification lost',
    'notification overtaken',
    'request failed',
    'request failed, though it took effect',
    'request late',
    'request lost',
    'request throttled',
  ]);
});

test('most messages pass', () => {
  const passed = draws(2).drawn.filter(([request, answer]) => request === null && answer === null);
  expect(passed.length).toBeGreaterThan(2_000);
});

test('a seed brings its faults back', () => {
  expect(draws(3).drawn).toEqual(draws(3).drawn);
  expect(draws(3).drawn).not.toEqual(draws(4).drawn);
});

test('switched off, nothing goes wrong', () => {
  expect(
    draws(5, 'none')
      .drawn.flat()
      .every((fate) => fate === null),
  ).toBe(true);
});

test('where only messages may suffer, connections stand', () => {
  const { drawn, counts } = draws(6, 'messages');
  expect(drawn.every(([, , , cut, breaks]) => cut === null && breaks === null)).toBe(true);
  expect(counts.get('answer lost')).toBeGreaterThan(0);
});

test('one agent process loses its connection twice at most', () => {
  const faults = createCloudFaults(7, new Map());
  faults.allow('all');
  const cuts = () => Array.from({ length: 2_000 }, () => faults.cut()).filter((cut) => cut !== null).length;
  expect(cuts()).toBe(2);
  expect(cuts()).toBe(0);
  faults.agentStarts();
  expect(cuts()).toBe(2);
});
