/** A thing's pending list: what is IN_PROGRESS before what is QUEUED, each in the order it was queued. */
import type { Execution, Thing } from './state.ts';

/**
 * Whether its device sees it. What is QUEUED of a job that is SCHEDULED (before its start, or outside its maintenance
 * windows) it does not (Developer Guide, job limits: such executions "will be filtered from the result").
 */
export function isOffered({ status, job }: Execution): boolean {
  return status === 'IN_PROGRESS' || job.status !== 'SCHEDULED';
}

/** The first in line. */
export function headOf(thing: Thing): Execution | undefined {
  return thing.inProgress[0] ?? thing.queued.find(isOffered);
}

/** All of it, in the service's order. */
export function pendingInOrder(thing: Thing): Execution[] {
  return [...thing.inProgress, ...thing.queued.filter(isOffered)];
}

/**
 * The first of it: `limit` executions, and `moreInWindow` further ones of jobs that are inside a maintenance window.
 * How AWS shares the places is not documented.
 */
export function firstPending(thing: Thing, limit: number, moreInWindow: number): Execution[] {
  const first: Execution[] = [];
  let further = thing.windowedQueued === 0 ? 0 : moreInWindow;
  for (const executions of [thing.inProgress, thing.queued]) {
    for (const execution of executions) {
      if (first.length >= limit && further === 0) return first;
      if (!isOffered(execution)) continue;
      if (first.length < limit) first.push(execution);
      else if (hasWindows(execution)) {
        first.push(execution);
        further--;
      }
    }
  }
  return first;
}

/** Into the list that its status belongs to. A terminal one goes nowhere. */
export function enterPending(execution: Execution): void {
  const list = listOf(execution);
  if (list === undefined) return;
  list.splice(placeOf(list, execution), 0, execution);
  if (list === execution.thing.queued && hasWindows(execution)) execution.thing.windowedQueued++;
}

/** Called while it still has the status under which it entered. */
export function leavePending(execution: Execution): void {
  const list = listOf(execution);
  if (list === undefined) return;
  const place = placeOf(list, execution);
  if (list[place] !== execution) return;
  list.splice(place, 1);
  if (list === execution.thing.queued && hasWindows(execution)) execution.thing.windowedQueued--;
}

function hasWindows({ job }: Execution): boolean {
  return job.schedule.windows.length > 0;
}

function listOf({ status, thing }: Execution): Execution[] | undefined {
  if (status === 'IN_PROGRESS') return thing.inProgress;
  return status === 'QUEUED' ? thing.queued : undefined;
}

/** Where it is, or belongs. */
function placeOf(list: readonly Execution[], { sequence }: Execution): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.sequence ?? Infinity) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
