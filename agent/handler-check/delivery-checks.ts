/** What a cloud may do to a handler: ask for the same twice, and for what it does not know. */
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Check, CheckContext } from './check-context.ts';
import { fail, isSameEnd, isSuccess, notApplicable, pass, shownEnd } from './verdict.ts';

/** A job can be made twice, and one that may run again does so after a power cut. */
export const doubleDelivery: Check = {
  name: 'double delivery',
  needsProcess: false,
  async perform({ bench, normal }) {
    for (const again of [1, 2]) {
      const run = await bench.run();
      if (!isSameEnd(run, normal)) {
        return fail(`the same job once more: ${shownEnd(run)}; before it ${shownEnd(normal)} (repetition ${again})`);
      }
    }
    return pass('the same job two more times: the same result each time');
  },
};

const SURPLUS = 'no-such-parameter';

export const unknownParameter: Check = {
  name: 'unknown parameter',
  needsProcess: false,
  async perform({ bench, jobDocument }: CheckContext) {
    const document = withParameter(jobDocument);
    if (document === undefined) return notApplicable('the document has arguments, and no parameters with names');
    const run = await bench.run({ jobDocument: document });
    const asked = `with a parameter ${SURPLUS}`;
    if (isSuccess(run)) {
      return fail(`${asked}: SUCCEEDED, so a misspelt parameter passes unseen; a manifest with a schema refuses it`);
    }
    return run.end?.status === 'REJECTED' && run.processes.length === 0
      ? pass(`${asked}: REJECTED before anything ran`)
      : pass(`${asked}: ${shownEnd(run)}, by the handler itself`);
  },
};

function withParameter(document: CheckContext['jobDocument']): JsonObject | undefined {
  if (!isJsonObject(document)) return undefined;
  const { operation, parameters = {}, steps } = document;
  if (Array.isArray(steps) && steps.length === 1) {
    const step = withParameter(steps[0] ?? null);
    return step === undefined ? undefined : { ...document, steps: [step] };
  }
  const isNative = typeof operation === 'string' && isJsonObject(parameters) && document.args === undefined;
  return isNative ? { ...document, parameters: { ...parameters, [SURPLUS]: true } } : undefined;
}
