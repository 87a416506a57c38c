import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../agent/adapters/clock/system.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { clockContract } from './clock-contract.ts';

clockContract('the system clock', () => ({ clock: systemClock, pass: (ms) => delay(ms + 1) }));

clockContract('the manual clock', () => {
  const clock = createManualClock();
  return { clock, pass: async (ms) => clock.advance(ms) };
});
