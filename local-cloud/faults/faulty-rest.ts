/** Lets happen to requests over HTTP what `decide-fate.ts` decided. Signature and permission were judged before. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { JsonObject } from '../../agent/core/json.ts';
import type { ApiModel } from '../api-model/model.ts';
import { ControlError } from '../jobs-service/control-error.ts';
import type { FaultDraw } from './fault-control.ts';
import type { BreakKind } from './fault-settings.ts';

export type RunOperation<Name extends string> = (
  operation: Name,
  input: JsonObject,
) => JsonObject | Promise<JsonObject>;

/** Instead of an answer, the connection breaks: whoever speaks HTTP does that. */
export class ConnectionDropped extends Error {
  override readonly name = 'ConnectionDropped';
  readonly how: BreakKind;
  constructor(how: BreakKind) {
    super('the connection breaks on purpose');
    this.how = how;
  }

  /** TLS knows no reset: there the connection ends without a word, too. */
  drop(socket: Socket | null): void {
    if (this.how === 'reset' && !(socket instanceof TLSSocket)) socket?.resetAndDestroy();
    else socket?.destroy();
  }
}

/** @returns what runs an operation as `run` does, when nothing strikes. It throws ConnectionDropped, and ControlError. */
export function withRestFaults<Name extends string>(
  { model, faults }: { readonly model: ApiModel<Name>; readonly faults: FaultDraw },
  run: RunOperation<Name>,
): (operation: Name, input: JsonObject) => Promise<JsonObject> {
  return async (operation, input) => {
    const thingName = typeof input.thingName === 'string' ? input.thingName : undefined;
    const rule = faults.strike({ on: 'rest', operation, thingName });
    switch (rule?.fault) {
      case 'throttled':
        throw new ControlError('ThrottlingException', 'Rate exceeded');
      case 'internalError':
        throw internalError(model, operation);
      case 'internalErrorAfter':
        await run(operation, input);
        throw internalError(model, operation);
      case 'disconnectBefore':
        throw new ConnectionDropped(rule.how);
      case 'disconnectAfter':
        await run(operation, input);
        throw new ConnectionDropped(rule.how);
      case 'silent':
        return new Promise(() => undefined);
      case 'late':
        return after(rule.delayMs, async () => run(operation, input));
      default:
        return run(operation, input);
    }
  };
}

/** By the name that AWS's model of the operation has for a service in trouble: of jobs it is ServiceUnavailableException, 503. */
function internalError<Name extends string>(model: ApiModel<Name>, operation: Name): ControlError {
  const names = ['InternalServerException', 'InternalFailureException', 'ServiceUnavailableException'] as const;
  const name = names.find((one) => Object.hasOwn(model.operations[operation].errors, one));
  return new ControlError(name ?? 'InternalFailureException', 'An internal failure occurred');
}

/** What the operation did is done at once; a refusal is as late as an answer. */
async function after(delayMs: number, run: () => Promise<JsonObject>): Promise<JsonObject> {
  const [settled] = await Promise.allSettled([run()]);
  // It must not hold up the end of the program.
  await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
