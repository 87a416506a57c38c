/** What V8 knows of a process, after it has collected its garbage. */
import type { JsonObject } from '../../agent/core/json.ts';
import type { Inspector } from './inspector-client.ts';

export interface HeapFigures {
  readonly heapBytes: number;
  /** Buffers, which live outside of the heap. */
  readonly externalBytes: number;
  /** Every timer that is armed, those that would not keep the process alive too. */
  readonly timers: number;
  /** Of all that can emit events, and of all abort signals. */
  readonly listeners: number;
  /** Objects that can emit events. */
  readonly emitters: number;
  /** process.getActiveResourcesInfo() but timers. */
  readonly resources: number;
}

const GROUP = 'soak';
const TIMERS = {
  prototype:
    'setImmediate && (() => { const t = setTimeout(() => {}, 0); clearTimeout(t); return t.constructor.prototype; })()',
};
const EMITTERS = { prototype: "process.getBuiltinModule('node:events').EventEmitter.prototype" };
const SIGNALS = { prototype: 'AbortSignal.prototype' };

export async function heapFigures(inspector: Inspector): Promise<HeapFigures> {
  await inspector.call('HeapProfiler.collectGarbage');
  const { heapUsed = 0, external = 0 } = await evaluated(inspector, 'process.memoryUsage()');
  const { resources = 0 } = await evaluated(
    inspector,
    "({ resources: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length })",
  );
  const { timers = 0 } = await ofAll(
    inspector,
    TIMERS,
    '{ timers: all.filter((timer) => timer._destroyed === false).length }',
  );
  const { emitters = 0, listeners = 0 } = await ofAll(
    inspector,
    EMITTERS,
    `{ emitters: all.length, listeners: ${LISTENERS} }`,
  );
  const { aborts = 0 } = await ofAll(inspector, SIGNALS, `{ aborts: ${ABORT_LISTENERS} }`);
  await inspector.call('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  return { heapBytes: heapUsed, externalBytes: external, timers, emitters, listeners: listeners + aborts, resources };
}

/** Prototypes are found too, and are no emitters: without `_events` of their own they count nothing. */
const LISTENERS = `all.filter((one) => Object.hasOwn(one, '_events') && one._events)
  .reduce((sum, { _events }) => sum + Reflect.ownKeys(_events)
    .reduce((count, name) => count + (Array.isArray(_events[name]) ? _events[name].length : 1), 0), 0)`;
const ABORT_LISTENERS = `all.filter((one) => one !== AbortSignal.prototype)
  .reduce((sum, one) => sum + process.getBuiltinModule('node:events').getEventListeners(one, 'abort').length, 0)`;

type Numbers = Readonly<Record<string, number>>;

/** @param figures of `all`, the objects that live with that prototype. */
async function ofAll(
  inspector: Inspector,
  { prototype }: { readonly prototype: string },
  figures: string,
): Promise<Numbers> {
  const found = await inspector.call('Runtime.evaluate', { expression: prototype, objectGroup: GROUP });
  const { objectId: prototypeObjectId } = required(found.result);
  const { objects } = await inspector.call('Runtime.queryObjects', {
    prototypeObjectId,
    objectGroup: GROUP,
  } as JsonObject);
  const { objectId } = required(objects);
  const functionDeclaration = `function () { const all = this; return (${figures}); }`;
  return numbers(
    await inspector.call('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration,
      returnByValue: true,
    } as JsonObject),
  );
}

async function evaluated(inspector: Inspector, expression: string): Promise<Numbers> {
  return numbers(await inspector.call('Runtime.evaluate', { expression, returnByValue: true }));
}

function numbers({ result, exceptionDetails }: JsonObject): Numbers {
  if (exceptionDetails !== undefined)
    throw new Error(`the debugger could not tell: ${JSON.stringify(exceptionDetails)}`);
  return (result as { value: Numbers }).value;
}

function required(object: unknown): { readonly objectId: string } {
  const { objectId } = object as { objectId?: string };
  if (objectId === undefined) throw new Error(`the debugger did not find the object: ${JSON.stringify(object)}`);
  return { objectId };
}
