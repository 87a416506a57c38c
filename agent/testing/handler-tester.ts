/**
 * Runs one handler as the agent would, without agent and cloud: by the same step runner, over folders of its own. Only a
 * handler of kind `module` that is given as an object runs in the process of the test, where a debugger finds it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createDirectChildRunner } from '../adapters/process/direct-child.ts';
import { createAjvCompiler } from '../adapters/schema/ajv-check.ts';
import { createPasswdUsers } from '../adapters/users/passwd.ts';
import { parseJobDocument } from '../core/job-document.ts';
import type { JsonValue } from '../core/json.ts';
import type { RunResult } from '../core/outcome.ts';
import type { HandlerFacts, TSchema } from '../handler-api.ts';
import { createHandlerStepRunner } from '../runs/handler-step-runner.ts';
import { keptPaths } from '../runs/run-folder.ts';
import type { RunningStep, StepFacts, StepRun, StepRunner } from '../runs/step-runner.ts';
import { createProgressLog } from './progress-log.ts';
import { createTestLog } from './test-log.ts';
import type { HandlerUnderTest, TestOptions, TestReport, TestResult, TestRun, TestStopReason } from './test-report.ts';
import { asTestSubject } from './test-subject.ts';

export interface HandlerTesterOptions {
  /** How to start a handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
}

export type TestHandler = <S extends TSchema>(handler: HandlerUnderTest<S>, options?: TestOptions) => TestRun;

const EXECUTION = {
  jobId: 'test-job',
  executionNumber: 1,
  queuedAt: 0,
  lastUpdatedAt: 0,
  versionNumber: 1,
  status: 'IN_PROGRESS',
  statusDetails: {},
} as const;

/** Of a gateway with no settings of its own, whose folders are the test's. */
function factsIn(root: string): HandlerFacts {
  return {
    thingName: 'test-thing',
    agentVersion: '0.0.0',
    insecureDownloadHosts: [],
    localDownloadHosts: [],
    downloadCaPem: '',
    httpsProxy: '',
    noProxy: [],
    artifactKeys: [],
    requireSignature: false,
    maxDownloadBytes: 1024 ** 3,
    uploadFolders: [],
    applicationsDir: join(root, 'applications'),
    applicationRecordsDir: join(root, 'state', 'applications'),
    runAsUsers: [],
    allowedCommands: [],
    redactPatterns: [],
    containersDir: join(root, 'state', 'containers'),
  };
}

/** As the agent gives by default (`stopGraceSeconds`). */
const STOP_GRACE_MS = 10_000;

export function createHandlerTester(tester: HandlerTesterOptions): TestHandler {
  return (handler, options = {}) => {
    const progress = createProgressLog();
    let hasBegun: (running: RunningStep | undefined) => void = () => undefined;
    const running = new Promise<RunningStep | undefined>((resolve) => {
      hasBegun = resolve;
    });
    let stoppedBy: TestStopReason | null = null;
    const stop = async (reason: TestStopReason = 'canceled') => {
      const begun = await running;
      if (begun !== undefined) stoppedBy ??= reason;
      await begun?.stop(reason, STOP_GRACE_MS);
    };
    const test: Test = {
      tester,
      handler: handler as HandlerUnderTest,
      options,
      progress,
      hasBegun,
      stop,
      stoppedBy: () => stoppedBy,
    };
    const ended = runTest(test).finally(() => {
      hasBegun(undefined);
      progress.end();
    });
    return Object.assign(ended, { stop, progressed: progress.until });
  };
}

interface Test {
  readonly tester: HandlerTesterOptions;
  readonly handler: HandlerUnderTest;
  readonly options: TestOptions;
  readonly progress: ReturnType<typeof createProgressLog>;
  readonly hasBegun: (running: RunningStep | undefined) => void;
  readonly stop: (reason: TestStopReason) => Promise<void>;
  readonly stoppedBy: () => TestStopReason | null;
}

/** A test that could not be made leaves nothing; one that was made leaves what `remove` removes. */
async function runTest(test: Test): Promise<TestReport> {
  const { after } = test.options;
  const root = after === undefined ? await mkdtemp(join(tmpdir(), 'test-handler-')) : rootOf(after);
  try {
    return await runTestIn(root, test);
  } catch (error) {
    if (after === undefined) await rm(root, { recursive: true, force: true });
    throw error;
  }
}

async function runTestIn(root: string, test: Test): Promise<TestReport> {
  const { handler, options } = test;
  const { after, parameters = {}, purpose = 'work' } = options;
  const subject = asTestSubject(handler);
  const log = createTestLog();
  const stateDir = join(root, 'state');
  const stepRunner = createRunner(test, { root, subject, log: log.logger });
  const document = { operation: subject.operation, parameters };
  const attempt = (after?.attempt ?? (options.restored === undefined ? 0 : 1)) + 1;
  const run = {
    ...stepRunOf(document),
    runId: `test.${randomUUID()}`,
    attempt,
    purpose,
    onProgress: test.progress.tell,
  };
  const { checkpointFile, workDir } = keptPaths(stateDir, run);
  const report = async (ending: Ending): Promise<TestReport> => ({
    ...ending,
    stoppedBy: test.stoppedBy(),
    progress: test.progress.told,
    checkpoint: await readCheckpoint(checkpointFile),
    logs: log.lines,
    workDir,
    attempt,
    remove: () => rm(root, { recursive: true, force: true }),
  });
  const review = await stepRunner.review(planOf(document));
  if (review.verdict !== 'run') return report(refusal(review));
  const [facts] = review.steps;
  await putCheckpoint(checkpointFile, { options, facts, isFile: subject.isFile });
  return report(endingOf(await perform(test, { stepRunner, run, timeoutMs: facts?.timeoutMs ?? null })));
}

interface RunnerParts {
  readonly root: string;
  readonly subject: ReturnType<typeof asTestSubject>;
  readonly log: ReturnType<typeof createTestLog>['logger'];
}

function createRunner({ tester, options }: Test, { root, subject, log }: RunnerParts): StepRunner {
  const facts = { ...factsIn(root), ...options.facts };
  const [stateDir, runtimeDir, empty] = [join(root, 'state'), join(root, 'run'), join(root, 'handlers')];
  return createHandlerStepRunner({
    runner: createDirectChildRunner({ runsDir: join(runtimeDir, 'runs') }),
    handlers: subject.handlers,
    compileSchema: createAjvCompiler(),
    users: createPasswdUsers(),
    facts,
    settings: {
      thingName: facts.thingName,
      stateDir,
      runtimeDir,
      handlersDir: subject.handlersDir ?? empty,
      handlerPaths: [],
      runAsUsers: [],
    },
    hostArgv: tester.hostArgv,
    log,
  });
}

/** @throws Error for what no document can say, such as parameters that are no object. */
function planOf(document: JsonValue) {
  const parsed = parseJobDocument(document);
  if (parsed.ok) return parsed.plan;
  throw new Error(`no job document could ask for this: ${parsed.rejection.pointer} ${parsed.rejection.reason}`);
}

function stepRunOf(document: JsonValue): Pick<StepRun, 'execution' | 'stepIndex' | 'step'> {
  const [step] = planOf(document).steps;
  if (step === undefined) throw new Error('a document has at least one step');
  return { execution: { ...EXECUTION, jobDocument: document }, stepIndex: 0, step };
}

interface TestStart {
  readonly stepRunner: StepRunner;
  readonly run: StepRun;
  readonly timeoutMs: number | null;
}

async function perform(test: Test, { stepRunner, run, timeoutMs }: TestStart): Promise<RunResult> {
  const running = stepRunner.start(run);
  test.hasBegun(running);
  const timer = timeoutMs === null ? undefined : setTimeout(() => void test.stop('timed-out'), timeoutMs);
  try {
    return await running.ended;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Error where an agent never would restore one: the test would prove nothing. */
async function putCheckpoint(
  path: string,
  { options, facts, isFile }: { options: TestOptions; facts: StepFacts | undefined; isFile: boolean },
): Promise<void> {
  const { restored, purpose = 'work' } = options;
  if (restored === undefined) return;
  if (purpose === 'work' && facts?.onInterrupted !== 'resume') {
    throw new Error(
      `restored is for a handler with onInterrupted: 'resume', and this one has '${facts?.onInterrupted}'`,
    );
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const text = isFile && typeof restored === 'string' ? restored : JSON.stringify(restored);
  await writeFile(path, text, { mode: 0o600 });
}

async function readCheckpoint(path: string): Promise<JsonValue | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

type Ending = Pick<TestReport, 'result' | 'refusedAt' | 'stdout' | 'stderr'>;

function refusal(review: Exclude<Awaited<ReturnType<StepRunner['review']>>, { verdict: 'run' }>): Ending {
  if (review.verdict === 'not-now') {
    const { reasonCode, reason: message } = review;
    const result = { status: 'failed', reasonCode, message, details: {} } as const;
    return { result, refusedAt: null, stdout: '', stderr: '' };
  }
  const { pointer, reason: message } = review.rejection;
  const reasonCode = review.verdict === 'reject' ? review.reasonCode : 'UNKNOWN_OPERATION';
  const result = { status: 'rejected', reasonCode, message, details: {} } as const;
  return { result, refusedAt: pointer, stdout: '', stderr: '' };
}

function endingOf(run: RunResult): Ending {
  return { result: resultOf(run), refusedAt: null, stdout: run.stdoutTail, stderr: run.stderrTail };
}

function resultOf(run: RunResult): TestResult {
  const { details } = run;
  switch (run.status) {
    case 'succeeded':
    case 'skipped': // of conditions only, and here is none
      return { status: 'succeeded', details };
    case 'reboot':
      return { status: 'reboot', how: run.how, details };
    case 'later': {
      const { message, afterMs } = run;
      return { status: 'later', afterSeconds: afterMs === null ? null : afterMs / 1_000, message, details };
    }
    default:
      return { status: run.status, reasonCode: run.reasonCode, message: run.message, details };
  }
}

/** `<root>/state/work/<execution>` */
function rootOf({ workDir }: TestReport): string {
  return dirname(dirname(dirname(workDir)));
}
