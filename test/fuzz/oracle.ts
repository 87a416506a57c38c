/**
 * What a document may lead to. One that is REJECTED for what it says leads to nothing at all. One that is taken may write
 * what its own texts name, and start the programs that it asks for: each argument one text of the document, whole.
 */
import { parseJobDocument } from '../../agent/core/job-document.ts';
import type { PlannedStep } from '../../agent/core/job-plan.ts';
import type { JsonValue } from '../../agent/core/json.ts';
import type { FuzzedDocument } from './draw-document.ts';
import type { EndedExecution } from './fuzz-cloud.ts';
import { ARENA, KEPT_BY_OPERATIONS, MARK, PLACES } from './places.ts';
import type { ProgramCall } from './program-calls.ts';

export interface Observed {
  readonly ended: EndedExecution;
  readonly calls: readonly ProgramCall[];
  /** In the folders that documents may name. */
  readonly changed: readonly string[];
  /** Outside the arena. */
  readonly elsewhere: readonly string[];
  /** Command lines. */
  readonly processes: readonly string[];
  /** Entries of the agent's own folders that are there between jobs no more. */
  readonly leftFolders: readonly string[];
  /** Connections to where nobody may connect. */
  readonly trapped: number;
}

/** Said before anything runs. */
const REVIEW_CODES =
  /^(JOB_DOCUMENT_INVALID|PARAMETERS_INVALID|UNKNOWN_OPERATION|USER_\w+|HANDLER_(FOLDER_NOT_ALLOWED|OUTSIDE_FOLDER|NOT_EXECUTABLE|MANIFEST\w*|INVALID))$/;

/** @returns what is wrong, in words; nothing when all is as it should be. */
export function judge(document: FuzzedDocument, observed: Observed): readonly string[] {
  const { ended, calls, changed } = observed;
  const wasRefused = ended.status === 'REJECTED' && REVIEW_CODES.test(ended.details.reasonCode ?? '');
  return [
    ...observed.elsewhere.map((path) => `written outside of all that may be written: ${path}`),
    ...observed.processes.map((commandLine) => `left running: ${commandLine}`),
    ...observed.leftFolders.map((path) => `left behind: ${path}`),
    ...(observed.trapped === 0 ? [] : [`connected ${observed.trapped} times where nobody may`]),
    ...(document.mustBeRejected && !wasRefused
      ? [`not refused before anything ran, but ${ended.status} ${ended.details.reasonCode ?? ''}`]
      : []),
    ...(wasRefused ? refusalProblems(ended, calls, changed) : takenProblems(document, observed)),
  ];
}

function refusalProblems(
  { details }: EndedExecution,
  calls: readonly ProgramCall[],
  changed: readonly string[],
): readonly string[] {
  const { reason = '' } = details;
  return [
    ...calls.map(({ name, args }) => `refused, and yet ${name} was started: ${JSON.stringify(args)}`),
    ...changed.map((path) => `refused, and yet changed: ${path}`),
    ...(reason === '' || /undefined|\[object|what the schema says/.test(reason)
      ? [`refused without a reason that helps: ${JSON.stringify(reason)}`]
      : []),
  ];
}

function takenProblems({ text }: FuzzedDocument, { ended, calls, changed }: Observed): readonly string[] {
  const document = JSON.parse(text) as JsonValue;
  const parsed = parseJobDocument(document);
  if (!parsed.ok) return [`taken, and yet no document: ${parsed.rejection.pointer} ${parsed.rejection.reason}`];
  const texts = new Set(textsIn(document));
  return [
    ...changed.filter((path) => !isNamed(path, texts)).map((path) => `changed, and named nowhere: ${path}`),
    ...callProblems(parsed.plan.steps, calls, ended.status === 'SUCCEEDED'),
    ...calls.filter(({ name }) => !isExact(name)).flatMap((call) => argumentProblems(call, texts)),
  ];
}

/**
 * A folder on the way to what is named may be made, where an operation makes folders. Where operations keep things of their
 * own, the name of the thing is in that of the file.
 */
function isNamed(path: string, texts: ReadonlySet<string>): boolean {
  const own = [PLACES.applications, PLACES.units, ...KEPT_BY_OPERATIONS].find((folder) =>
    path.startsWith(`${folder}/`),
  );
  const plain = unescaped(path);
  const isOwn = (text: string) =>
    own !== undefined && (plain.includes(text) || text.startsWith(plain.slice(own.length + 1)));
  // A folder that one text names, and a file in it that another one does.
  const leadsTo = (rest: string) => [...texts].some((text) => text === rest || text.startsWith(`${rest}/`));
  const isWithin = (text: string) => path.startsWith(`${text}/`) && leadsTo(path.slice(text.length + 1));
  return [...texts].some(
    (text) => text !== '' && (text === path || text.startsWith(`${path}/`) || isWithin(text) || isOwn(text)),
  );
}

/** `\\x2f` in names of units (systemd.unit(5)) and of files made like them. */
function unescaped(text: string): string {
  return text.replace(/(?:\\x[0-9a-f]{2})+/g, (escaped) =>
    Buffer.from(escaped.replaceAll('\\x', ''), 'hex').toString('utf8'),
  );
}

/** Programs whose whole argument list a document gives. */
function isExact(name: string): boolean {
  return name === 'probe' || name.startsWith('record');
}

/** Each call is that of a step, in their order; of a job that succeeded every step has been called. */
function callProblems(
  steps: readonly PlannedStep[],
  calls: readonly ProgramCall[],
  isWhole: boolean,
): readonly string[] {
  const wanted = steps.flatMap(callOf);
  const made = calls.filter(({ name }) => isExact(name));
  const strange = made.find(
    (call, index) => !isSame(call, wanted[index]) && !wanted.slice(index).some((one) => isSame(call, one)),
  );
  return [
    ...(strange === undefined
      ? []
      : [
          `called otherwise than asked: ${JSON.stringify(strange)}; asked were ${JSON.stringify(wanted).slice(0, 2000)}`,
        ]),
    ...(isWhole && made.length < wanted.length && steps.every(({ ignoreFailure }) => !ignoreFailure)
      ? [`succeeded, and yet only ${made.length} of ${wanted.length} programs were called`]
      : []),
  ];
}

function callOf({ action }: PlannedStep): readonly ProgramCall[] {
  if (action.kind !== 'operation') {
    return action.handler.startsWith('record')
      ? [{ name: action.handler, args: [action.runAsUser, ...action.args, ''] }]
      : [];
  }
  if (action.operation.startsWith('record'))
    return [{ name: action.operation, args: [JSON.stringify(action.parameters)] }];
  const { command } = action.parameters as { readonly command?: readonly string[] };
  const [program = '', ...args] = action.operation === 'run-command' ? (command ?? []) : [];
  return /(^|\/)probe$/.test(program) ? [{ name: 'probe', args }] : [];
}

function isSame(call: ProgramCall, wanted: ProgramCall | undefined): boolean {
  if (wanted === undefined || call.name !== wanted.name || call.args.length !== wanted.args.length) return false;
  return call.args.every(
    (arg, index) => arg === inUtf8(wanted.args[index] ?? '') || isSameJson(arg, wanted.args[index] ?? ''),
  );
}

/** Half of a pair of surrogates has no UTF-8. */
function inUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** Parameters on stdin may be spelt otherwise, as long as they say the same. */
function isSameJson(one: string, other: string): boolean {
  try {
    return other.startsWith('{') && JSON.stringify(JSON.parse(one)) === JSON.stringify(JSON.parse(other));
  } catch {
    return false;
  }
}

/** What comes from the document bears its mark: then it is one of its texts, whole, and no option. */
function argumentProblems({ name, args }: ProgramCall, texts: ReadonlySet<string>): readonly string[] {
  const whole = (text: string) => [...texts].some((one) => one === text || inUtf8(one) === text);
  return args.flatMap((arg) => {
    const value = /^--?[\w-]+=/.test(arg) ? arg.slice(arg.indexOf('=') + 1) : arg;
    if (!arg.includes(MARK)) return [];
    if (!whole(arg) && !whole(value) && !isJoined(arg, texts))
      return [`${name} got a part of a text: ${JSON.stringify(arg)}`];
    return arg.startsWith('-') && arg === value
      ? [`${name} got an option from the document: ${JSON.stringify(arg)}`]
      : [];
  });
}

/** A whole text among the agent's own words, such as `iot-application-NAME.service`: nothing in it can mean anything else. */
function isJoined(arg: string, texts: ReadonlySet<string>): boolean {
  const plain = unescaped(arg);
  if (arg.includes(`${ARENA}/`)) return true; // a path of the agent's own, or one that the document names a part of
  return [...texts].some(
    (text) => text.includes(MARK) && /^[\w.:=/@,-]*$/.test(plain.replace(text, '')) && plain.includes(text),
  );
}

function textsIn(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value, ...value.split(/\s+/)]; // a managed template's one argument is a list with spaces
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner) => (inner === undefined ? [] : textsIn(inner as JsonValue)));
}

/** Kept between jobs: the folders of the agent, empty, and its journal. */
export function isKept(path: string): boolean {
  return KEPT.some((folder) => path === folder || path.startsWith(`${folder}/journal`)) || KEPT_FOLDERS.test(path);
}

const KEPT = [PLACES.state, PLACES.runtime];
const KEPT_FOLDERS = new RegExp(
  `^(${KEPT.join('|')})/(work|checkpoints|runs|status|results|agent\\.sock|[a-z-]+\\.lock|[a-z-]+)$`,
);
