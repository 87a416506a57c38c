/** Job documents of all formats: that fit, that nearly fit, and that no well-meaning person would write. */
import type { JsonObject, JsonValue } from '../../agent/core/json.ts';
import type { JobHandler } from '../../agent/handler-api.ts';
import { builtInHandlers } from '../../handlers/built-in.ts';
import { HOSTILE_TEXTS } from '../handlers/free-text.ts';
import type { Random } from '../power/random.ts';
import { drawJson, drawRawText } from './draw-json.ts';
import { type Drawing, drawBadParameters, drawParameters } from './draw-parameters.ts';
import { drawPayload, oneOf, trapUrls, usually } from './draw-texts.ts';
import { MARK, PLACES } from './places.ts';

export interface FuzzedDocument {
  /** What it was made by. */
  readonly kind: string;
  readonly text: string;
  /** Whatever else it says, something in it must be refused. */
  readonly mustBeRejected: boolean;
}

type Maker = (drawing: Drawing) => Omit<FuzzedDocument, 'kind' | 'text'> & { readonly document: JsonValue | RawText };

/** JSON that no serialiser would write. */
interface RawText {
  readonly rawText: string;
}

const MAKERS: readonly (readonly [kind: string, weight: number, make: Maker])[] = [
  ['one step', 12, (drawing) => good(drawStep(drawing))],
  ['several steps', 4, (drawing) => good(withDocumentMembers(drawing, { steps: drawSteps(drawing) }))],
  [
    'links planted first',
    4,
    (drawing) => good({ steps: [{ operation: 'plant-links' }, drawFileStep(drawing, THROUGH_LINKS)] }),
  ],
  [
    'paths that lead out',
    3,
    (drawing) =>
      bad(drawFileStep(drawing, [...HOSTILE_TEXTS.traversal, `${PLACES.allowed}/../../${MARK}`, `a/../../${MARK}`])),
  ],
  ['addresses nobody may reach', 3, (drawing) => good(drawTrappedStep(drawing))],
  ['bad parameters', 34, (drawing) => bad(drawBadStep(drawing))],
  ['bad parameters after good steps', 12, (drawing) => bad({ steps: [...drawSteps(drawing), drawBadStep(drawing)] })],
  ['bad members', 12, (drawing) => bad(drawBadMembers(drawing))],
  ['managed template', 6, (drawing) => good(drawTemplate(drawing))],
  ['Device Client', 5, (drawing) => good(drawDeviceClient(drawing))],
  ['JavaScript SDK', 3, (drawing) => good(drawSdkDocument(drawing))],
  ['any JSON', 4, ({ random }) => good(drawJson(random))],
  ['raw text', 4, ({ random }) => ({ document: { rawText: drawRawText(random) }, mustBeRejected: false })],
];
const TOTAL_WEIGHT = MAKERS.reduce((sum, [, weight]) => sum + weight, 0);

/** AWS takes no longer ones (Developer Guide, job limits). */
const MAX_LENGTH = 32_768;

export function drawDocument(drawing: Drawing): FuzzedDocument {
  for (;;) {
    const [kind, , make] = drawMaker(drawing.random);
    const { document, mustBeRejected } = make(drawing);
    const text = isRawText(document) ? document.rawText : drawSpelling(drawing.random, document as JsonValue);
    if (text.length <= MAX_LENGTH) return { kind, text, mustBeRejected };
  }
}

function drawMaker(random: Random) {
  const at = random.below(TOTAL_WEIGHT);
  const ends = MAKERS.map((_, index) => MAKERS.slice(0, index + 1).reduce((sum, [, weight]) => sum + weight, 0));
  return MAKERS[ends.findIndex((end) => at < end)] ?? oneOf(random, MAKERS);
}

function isRawText(document: JsonValue | RawText): document is RawText {
  return typeof document === 'object' && document !== null && 'rawText' in document;
}

const good = (document: JsonValue) => ({ document, mustBeRejected: false });
const bad = (document: JsonValue) => ({ document, mustBeRejected: true });

function drawHandler(random: Random): JobHandler {
  return oneOf(random, builtInHandlers);
}

/** No document holds up those after it. */
const TIME_LIMIT = { timeoutSeconds: 15 };

function drawStep(drawing: Drawing): JsonObject {
  const { random } = drawing;
  if (random.below(6) === 0) return drawExecutableStep(drawing);
  const handler = drawHandler(random);
  const { operation } = handler;
  const runAs = random.below(12) === 0 && handler.kind !== 'inline' ? { runAs: 'nobody' } : {};
  return { operation, parameters: drawParameters(drawing, handler), ...TIME_LIMIT, ...runAs };
}

function drawExecutableStep({ random, count }: Drawing): JsonObject {
  const operation = usually(
    random,
    ['record', 'record', 'record', 'plant-links', 'leave-orphan'],
    ['leads-out', 'open-to-all', 'not-executable', `no-such-${MARK}`],
  );
  const parameters = { [`a${count()}`]: drawPayload(random), deep: drawJson(random) };
  return { operation, ...(random.below(3) === 0 ? {} : { parameters: withoutHazards(parameters) }), ...TIME_LIMIT };
}

function drawSteps(drawing: Drawing): readonly JsonObject[] {
  return Array.from({ length: 1 + drawing.random.below(3) }, () => drawStep(drawing));
}

/** Through them the links that `plant-links` has left would lead out of the working folder. */
const THROUGH_LINKS = [
  ...['to-file', `to-folder/${MARK}`, `to-arena/${MARK}`, `up/${MARK}`, 'to-state/journal-a.log', 'loop', 'pipe'],
  ...[`to-inside/${MARK}`, `loop/${MARK}`, 'to-inside', 'to-folder/hostname'],
];

function drawFileStep({ random, servers, count }: Drawing, paths: readonly string[]): JsonObject {
  const path = oneOf(random, paths);
  const url = `http://127.0.0.1:${servers.filesPort}/file/${count()}`;
  return oneOf<JsonObject>(random, [
    { operation: 'write-file', parameters: { path, content: MARK }, ...TIME_LIMIT },
    { operation: 'download-file', parameters: { path, url, retrySeconds: 0 }, ...TIME_LIMIT },
    { operation: 'upload-file', parameters: { path, url }, ...TIME_LIMIT },
  ]);
}

function drawTrappedStep({ random, servers }: Drawing): JsonObject {
  const url = oneOf(random, trapUrls(servers));
  return oneOf<JsonObject>(random, [
    { operation: 'download-file', parameters: { path: MARK, url, retrySeconds: 0 }, timeoutSeconds: 5 },
    { operation: 'upload-file', parameters: { path: `${PLACES.uploads}/report.txt`, url }, timeoutSeconds: 5 },
  ]);
}

function drawBadStep(drawing: Drawing): JsonObject {
  const handler = drawHandler(drawing.random);
  return { operation: handler.operation, parameters: drawBadParameters(drawing, handler) };
}

const HOSTILE_OPERATIONS = [
  '',
  '.',
  '..',
  '../record',
  'a/b',
  '/bin/sh',
  '-rf',
  '--version',
  'record\0',
  'rec ord',
  '$(id)',
  'record;id',
  '.hidden',
  'x'.repeat(129),
  '\u202erecord',
];
const HOSTILE_USERS = ['', 'root;id', '-u', '../x', '0', 'a\0b', '$(id)', 'Root', 'x'.repeat(33), 'no-such-user'];

/** A document whose own members are wrong. Nothing of it may run. */
function drawBadMembers(drawing: Drawing): JsonObject {
  const { random } = drawing;
  const step = { operation: 'record' };
  const wrong = oneOf(random, [null, 5, '', [], {}, true, 'x', -1, 1e300, [null], '__proto__'] as readonly JsonValue[]);
  const made = oneOf<() => unknown>(random, [
    () => ({ ...step, [`unknown${MARK}`]: 1 }),
    () => ({ operation: oneOf(random, HOSTILE_OPERATIONS) }),
    () => ({ ...step, runAs: oneOf(random, HOSTILE_USERS) }),
    () => ({ ...step, timeoutSeconds: oneOf(random, [0, -1, 1.5, 604_801, 1e300, '5', null]) }),
    () => ({ ...step, parameters: oneOf(random, [null, 5, 'x', [], true]) }),
    () => ({ ...step, name: oneOf(random, [null, 5, '', 'a\0b', {}]) }),
    () => ({ ...step, includeStdOut: oneOf(random, ['yes', 1, null, {}]) }),
    () => ({ steps: oneOf(random, [null, 5, 'x', {}, [], [null], [step, 5], [[step]]]) }),
    () => ({ steps: [...drawSteps(drawing), { ...step, steps: [step] }] }),
    () => ({ steps: [step, { ...step, includeStdOut: true }] }),
    () => ({ steps: Array.from({ length: 51 }, () => step) }),
    () => ({ ...step, parameters: JSON.parse('{"a": {"__proto__": {"polluted": 1}}}') as JsonObject }),
    () => ({ ...step, parameters: { list: [{ constructor: { prototype: { polluted: 1 } } }] } }),
    () => ({ ...step, parameters: nested(oneOf(random, [32, 100, 2000])) }),
    () => ({ ...step, parameters: { list: Array.from({ length: 10_001 }, () => 0) } }),
    () => ({
      version: wrong === '1.0' ? '2' : wrong,
      steps: [{ action: { name: 'a', type: 'runHandler', input: { handler: 'record' } } }],
    }),
  ]);
  return made() as JsonObject;
}

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
}

const SCRIPTS = builtInHandlers.flatMap(({ managedTemplates = [] }) => managedTemplates.map(({ handler }) => handler));

/** Of AWS's managed templates, with values that a person would fill in, or would not. */
function drawTemplate(drawing: Drawing): JsonObject {
  const { random } = drawing;
  const steps = Array.from({ length: 1 + random.below(2) }, () => ({ action: drawAction(drawing) }));
  const finalStep = random.below(4) === 0 ? { finalStep: { action: drawAction(drawing) } } : {};
  return {
    version: '1.0',
    ...(random.below(2) === 0 ? { includeStdOut: oneOf(random, ['true', 'false', true]) } : {}),
    steps,
    ...finalStep,
  };
}

function drawAction(drawing: Drawing): JsonObject {
  const { random } = drawing;
  const common = {
    name: oneOf(random, ['Step', `Step ${drawPayload(random)}`]),
    runAsUser: usually(random, ['', '', 'nobody'], HOSTILE_USERS),
    ignoreStepFailure: oneOf(random, ['true', 'false', false]),
  };
  if (random.below(3) === 0) {
    const words = drawWords(drawing).map((word) => word.replaceAll(',', '\\,'));
    return {
      ...common,
      type: 'runCommand',
      input: { command: random.below(2) === 0 ? ['probe', ...drawWords(drawing)] : ['probe', ...words].join(',') },
    };
  }
  const handler = usually(
    random,
    [...SCRIPTS, 'record.sh', 'record.sh', 'record'],
    ['../record.sh', '-rf', 'leads-out', `no-such-${MARK}.sh`],
  );
  const path = usually(
    random,
    ['default', '', PLACES.handlers],
    [PLACES.moreHandlers, '/usr/bin', '../', `${PLACES.moreHandlers}/../handlers`],
  );
  return {
    ...common,
    type: 'runHandler',
    input: { handler, args: drawScriptArguments(drawing), path },
    allowStdErr: oneOf<JsonValue>(random, ['', '10', 0]),
  };
}

/** Where a script takes a URL, that of the file server; a real one would be tried for a quarter of an hour. */
function drawScriptArguments(drawing: Drawing): readonly string[] {
  const { random, servers, count } = drawing;
  const file = [`http://127.0.0.1:${servers.filesPort}/file/${count()}`, `${PLACES.allowed}/${MARK}${count()}`];
  return oneOf(random, [file, drawWords(drawing), [], ['probe'], ['probe other'], [drawPayload(random), ...file]]);
}

/** Arguments, each of which must arrive as it is. */
function drawWords({ random, count }: Drawing): readonly string[] {
  const texts = [...Object.values(HOSTILE_TEXTS).flat()].filter((text) => !text.includes('\0'));
  return Array.from({ length: random.below(4) }, () =>
    oneOf(random, [`${MARK}${count()}${drawPayload(random)}`, oneOf(random, texts)]),
  );
}

function drawDeviceClient(drawing: Drawing): JsonObject {
  const { random } = drawing;
  const operation = usually(
    random,
    ['record.sh', 'record', 'leave-orphan'],
    [...HOSTILE_OPERATIONS, `no-such-${MARK}.sh`],
  );
  const path = usually(random, ['default', '', PLACES.moreHandlers], ['/usr/bin', '..', 'a\0b']);
  return {
    operation,
    args: drawWords(drawing),
    path,
    ...(random.below(3) === 0 ? { allowStdErr: usually<JsonValue>(random, [0, '3'], [-1, 'x', null]) } : {}),
  };
}

/** Of the jobs agent of AWS's device SDK v1 for JavaScript. */
function drawSdkDocument(drawing: Drawing): JsonObject {
  const { random, servers, count } = drawing;
  const operation = oneOf(random, ['install', 'start', 'stop', 'restart', 'systemStatus', 'uninstall']);
  const url = `http://127.0.0.1:${servers.filesPort}/file/${count()}`;
  const packageName = oneOf(random, ['app', `${MARK}${count()}`, '../x', '-rf', '$(id)', 'a/b', '', 'a\0b', '.']);
  const file = {
    fileName: oneOf(random, ['a.txt', '../a', '/etc/x', 'a\0b', '-rf', '$(id)']),
    fileSource: { url },
    checksum: { hashAlgorithm: 'SHA256', inline: { value: '0'.repeat(64) } },
  };
  return {
    operation,
    packageName,
    workingDirectory: oneOf(random, ['.', '..', `${MARK}`, '../../etc', PLACES.allowed]),
    files: [file],
    launchCommand: `probe ${drawPayload(random)}`,
    autoStart: oneOf(random, ['true', 'false', true]),
  };
}

function withDocumentMembers({ random }: Drawing, document: JsonObject): JsonObject {
  return {
    ...document,
    ...(random.below(4) === 0 ? { includeStdOut: true } : {}),
    ...(random.below(4) === 0 ? { timeoutSeconds: 15 } : {}),
  };
}

/** Members that would be refused are of other makers. */
function withoutHazards(value: JsonObject): JsonObject {
  return JSON.parse(
    JSON.stringify(value, (name, inner: unknown) =>
      /^(__proto__|constructor|prototype)$/.test(name) ? undefined : inner,
    ),
  ) as JsonObject;
}

/** As another serialiser might have written it: white space, escapes, a member doubled of which the last counts. */
function drawSpelling(random: Random, document: JsonValue): string {
  const text = JSON.stringify(document, undefined, oneOf(random, [0, 0, 0, 2, '\t']));
  switch (random.below(8)) {
    case 0:
      return text.replace(/[^\x20-\x7e\s]/gu, (letter) =>
        [...Array(letter.length).keys()]
          .map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
      );
    case 1:
      return text.replaceAll('/', '\\/');
    case 2:
      return text.replace('{"operation":', '{"operation": "no-such-one", "operation":');
    default:
      return text;
  }
}
