/** What goes wrong between the service and one thing, by chance that a seed brings back; and how often it did. */
import { createRandom, type Random } from './random.ts';

/** What becomes of a request. AWS's InternalError does not say whether the request took effect. */
export type RequestFate = 'lost' | 'late' | 'throttled' | 'failed' | 'failed, though it took effect';
/** What becomes of an answer or a notification. One that is overtaken arrives after the next. */
export type MessageFate = 'lost' | 'late' | 'doubled' | 'overtaken';
/** When the connection breaks in the course of a request. */
export type CutMoment = 'before the request' | 'before the answer' | 'after the answer';

export interface CloudFaults {
  /** Each is `null` when nothing goes wrong. */
  request(): RequestFate | null;
  answer(): MessageFate | null;
  notification(): MessageFate | null;
  cut(): CutMoment | null;
  cutHow(): 'end' | 'reset';
  /** After how many bytes from the broker a new connection breaks. */
  breaksAfterBytes(): number | null;
  /** From 1. */
  delayMs(atMostMs: number): number;
  /** Another agent process: it may lose its connection a few times. */
  agentStarts(): void;
  /** What may go wrong from now on. Nothing may at first. */
  allow(allowed: AllowedFaults): void;
}

/** `messages`: connections stand, unless somebody cuts them. */
export type AllowedFaults = 'all' | 'messages' | 'none';

export type FaultCounts = Map<string, number>;

type Chances<Fate> = readonly (readonly [fate: Fate, perMille: number])[];

const OF_REQUESTS: Chances<RequestFate> = [
  ['lost', 20],
  ['late', 15],
  ['throttled', 25],
  ['failed', 15],
  ['failed, though it took effect', 15],
];
const OF_MESSAGES: Chances<MessageFate> = [
  ['lost', 30],
  ['late', 30],
  ['doubled', 50],
  ['overtaken', 50],
];
const OF_CUTS: Chances<CutMoment> = [
  ['before the request', 6],
  ['before the answer', 8],
  ['after the answer', 8],
];
const OF_CONNECTIONS: Chances<'while it is made'> = [['while it is made', 40]];
const CUT = 'connection cut';
/** From the first byte of the broker's TLS handshake to some messages after the SUBACK. */
const MAKING_TAKES_BYTES = 6_000;

/** Three short-lived connections in a row are another client with our client id, and the agent waits a minute or more. */
const CUTS_A_START = 2;

/** @param counts shared by the things of a cloud: what went wrong by name. */
export function createCloudFaults(seed: number, counts: FaultCounts): CloudFaults {
  const random = createRandom(seed);
  let allowed: AllowedFaults = 'none';
  let cutsLeft = CUTS_A_START;
  const draw = <Fate extends string>(what: string, chances: Chances<Fate>): Fate | null => {
    const mayBe = what === CUT ? allowed === 'all' && cutsLeft > 0 : allowed !== 'none';
    const fate = mayBe ? fateOf(chances, random) : null;
    if (what === CUT && fate !== null) cutsLeft -= 1;
    if (fate !== null) counts.set(`${what} ${fate}`, (counts.get(`${what} ${fate}`) ?? 0) + 1);
    return fate;
  };
  return {
    request: () => draw('request', OF_REQUESTS),
    answer: () => draw('answer', OF_MESSAGES),
    notification: () => draw('notification', OF_MESSAGES),
    cut: () => draw(CUT, OF_CUTS),
    cutHow: () => (random.below(2) === 0 ? 'end' : 'reset'),
    breaksAfterBytes: () => (draw(CUT, OF_CONNECTIONS) === null ? null : random.below(MAKING_TAKES_BYTES)),
    delayMs: (atMostMs) => 1 + random.below(atMostMs),
    agentStarts: () => {
      cutsLeft = CUTS_A_START;
    },
    allow: (faults) => {
      allowed = faults;
    },
  };
}

function fateOf<Fate>(chances: Chances<Fate>, random: Random): Fate | null {
  let drawn = random.below(1_000);
  for (const [fate, perMille] of chances) {
    if (drawn < perMille) return fate;
    drawn -= perMille;
  }
  return null;
}
