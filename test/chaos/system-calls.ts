/** The system calls at which an agent is killed, and which of them comes next. */

/** Calls that mean the same; names unknown to a processor are passed over by strace for their `?`. */
export interface CallKind {
  readonly name: string;
  readonly calls: readonly string[];
  /** A run of some length has to have killed at it. */
  readonly matters?: boolean;
}

/** Kill whoever reaches the n-th call of this kind; strace(1) counts for each thread by itself. */
export interface KillPoint {
  readonly kind: CallKind;
  readonly nth: number;
}

export const CALL_KINDS: readonly CallKind[] = [
  { name: 'journal write', calls: ['pwrite64'], matters: true },
  { name: 'sync', calls: ['fdatasync', 'fsync'], matters: true },
  { name: 'write', calls: ['write'], matters: true },
  { name: 'gathered write', calls: ['writev'], matters: true },
  { name: 'send', calls: ['sendto', 'sendmsg', 'sendmmsg'], matters: true },
  { name: 'connect', calls: ['connect'], matters: true },
  { name: 'spawn', calls: ['clone', 'clone3', 'vfork', 'fork'], matters: true },
  { name: 'open', calls: ['openat', 'open'], matters: true },
  { name: 'make folder', calls: ['mkdir', 'mkdirat'] },
  { name: 'rename', calls: ['rename', 'renameat', 'renameat2'] },
  { name: 'remove', calls: ['unlink', 'unlinkat', 'rmdir'] },
];

export interface KillSchedule {
  next(): KillPoint;
}

/**
 * Every point from the first call to the last, of each kind, again and again. Within a kind the points are taken in
 * strides, so that a short run meets late ones too; a kind with more points has more turns.
 *
 * @param reach how often a thread makes calls of that kind; a kind of reach 0 is left out.
 * @param seed where the strides begin.
 */
export function createKillSchedule(reach: ReadonlyMap<CallKind, number>, seed: number): KillSchedule {
  const kinds = [...reach]
    .filter(([, points]) => points > 0)
    .map(([kind, points]) => ({ kind, points, weight: Math.ceil(Math.log2(points + 1)), credit: 0, round: seed }));
  const allWeights = kinds.reduce((sum, { weight }) => sum + weight, 0);
  return {
    next() {
      for (const kind of kinds) kind.credit += kind.weight;
      const turn = kinds.reduce((richest, kind) => (kind.credit > richest.credit ? kind : richest));
      turn.credit -= allWeights;
      turn.round += 1;
      return { kind: turn.kind, nth: 1 + ((turn.round * strideOf(turn.points)) % turn.points) };
    },
  };
}

/** Near the golden section, so that the points taken so far are always spread; prime to the count, so that none is missed. */
function strideOf(count: number): number {
  let stride = Math.max(1, Math.round(count * 0.618));
  while (greatestCommonDivisor(stride, count) !== 1) stride += 1;
  return stride;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
