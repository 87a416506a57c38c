/** `job-agent plan`: what a job document would do here, step by step. Nothing runs. */
import { readBootId } from '../adapters/boot/linux.ts';
import { type DryRun, dryRun } from '../dry-run/dry-run.ts';
import type { StepReport, StepRules } from '../dry-run/step-report.ts';
import { openTrialFolders } from '../trial/trial-folders.ts';
import { AGENT_VERSION } from '../version.ts';
import type { CommandCall } from './commands.ts';
import { offlineSettings, SILENT_LOG } from './offline-call.ts';
import { withUnsignedUrls } from './presigned-placeholders.ts';
import { readDocument } from './read-document.ts';
import { columns, visibleInLine } from './terminal-text.ts';
import { EXIT } from './usage.ts';

/** @throws UsageError, ConfigError. */
export async function plan(call: CommandCall): Promise<number> {
  const document = await readDocument(call.operands[0] ?? '-');
  const settings = await offlineSettings(call);
  const { value: jobDocument, count: urlsToBeSigned } = withUnsignedUrls(document.value, settings.config.thingName);
  const folders = await openTrialFolders({ keep: false, bootId: readBootId() });
  try {
    const { stateDir, runtimeDir } = folders;
    const report = await dryRun({
      ...settings,
      config: { ...settings.config, stateDir, runtimeDir },
      stateDir: settings.config.stateDir,
      jobDocument,
      agentVersion: AGENT_VERSION,
      hostArgv: call.hostArgv,
      log: SILENT_LOG,
    });
    const problems = [...document.warnings, ...report.problems];
    const whole = { ...report, problems, urlsToBeSigned };
    process.stdout.write(call.asJson ? `${JSON.stringify(whole, null, 2)}\n` : rendered(whole));
    return exitCodeOf(whole);
  } finally {
    await folders.release();
  }
}

function exitCodeOf(report: DryRun): number {
  if (report.verdict === 'reject') return EXIT.rejected;
  return hasProblems(report) ? EXIT.failed : EXIT.done;
}

function hasProblems({ problems, steps }: DryRun): boolean {
  return problems.length + steps.flatMap((step) => step.problems).length > 0;
}

function urls(count: number): string {
  return `${count === 1 ? '1 URL' : `${count} URLs`}, by AWS IoT when the gateway receives the document`;
}

function rendered(report: DryRun & { readonly urlsToBeSigned: number }): string {
  const { urlsToBeSigned, verdict, statusDetails, format, user, timeoutSeconds, stateDir, steps, problems } = report;
  const free = stateDir.freeBytes === null ? '' : `, ${stateDir.freeBytes.toLocaleString('en-US')} bytes free`;
  const facts = [
    ['format', format ?? 'none that this agent knows'],
    ['steps', String(steps.length)],
    ...(urlsToBeSigned === 0 ? [] : [['to be signed', urls(urlsToBeSigned)] as const]),
    ['time limit', timeoutSeconds === null ? 'none for the whole job' : `${timeoutSeconds} s for the whole job`],
    ['works in', `${stateDir.path}${stateDir.isThere ? free : ' (not there yet)'}`],
    ['seen by', user],
  ] as const;
  return [
    verdict === 'run'
      ? `It would run${hasProblems(report) ? ', and FAIL as things are' : ''}. Nothing was run.\n`
      : `It would be REJECTED:\n${columns(Object.entries(statusDetails))}`,
    columns(format === null ? facts.slice(-2) : facts),
    ...steps.map((step, index) => renderedStep(step, index + 1)),
    ...problems.map((problem) => `PROBLEM: ${visibleInLine(problem)}\n`),
  ].join('');
}

const INDENT = '     ';

const ROLES: Readonly<Record<string, string>> = {
  rollback: 'only to undo its step when a later one fails',
  finally: 'whatever has become of the others',
};

function renderedStep(step: StepReport, number: number): string {
  const role = step.role === undefined ? '' : `, ${ROLES[step.role] ?? step.role}`;
  const place = step.pointer === '' ? '' : `  (${step.pointer})`;
  const head = `\n${String(number).padStart(3)}. ${visibleInLine(step.name)}${role}${place}\n`;
  if (step.refused !== undefined) return `${head}${INDENT}REFUSED: ${visibleInLine(step.refused)}\n`;
  return [
    head,
    columns(factsOf(step), INDENT),
    list('would', step.actions ?? []),
    list('PROBLEM:', step.problems),
  ].join('');
}

function factsOf({ handler, rules, parameters, runIf }: StepReport): readonly (readonly [string, string])[] {
  if (handler === undefined || rules === undefined) return [];
  const { operation, kind, file, command, user } = handler;
  const origin = file === null ? `built in, version ${AGENT_VERSION}` : file.path;
  const holds = { true: 'so it is now', false: 'not so now: it is passed by', null: 'it cannot be told' };
  const facts: (readonly [string, string | null])[] = [
    ['run if', runIf === undefined ? null : `${runIf.condition}; ${holds[`${runIf.holds}`]}`],
    ['handler', `${operation} (${kind}, ${origin})`],
    ['file', file && `sha256 ${file.sha256}, ${file.bytes} bytes, owner ${file.owner}, mode ${file.mode}`],
    ['command', command === null ? null : JSON.stringify(command)],
    ['parameters', parameters === undefined ? null : shortened(JSON.stringify(parameters))],
    ['user', user],
    ['time limit', rules.timeoutSeconds === null ? 'none' : `${rules.timeoutSeconds} s`],
    ...rulesOf(rules),
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

const INTERRUPTED: Readonly<Record<StepRules['onInterrupted'], string>> = {
  fail: 'the job is FAILED',
  rerun: 'it runs again from the beginning',
  resume: 'it runs again, and goes on from its checkpoint',
};

function rulesOf(rules: StepRules): (readonly [string, string | null])[] {
  const { onInterrupted, exclusive, ignoreFailure, retries, verifies, cleansUp } = rules;
  const again = retries && `run again up to ${retries.count} times, ${retries.delaySeconds} s after each failure`;
  return [
    ['interrupted', INTERRUPTED[onInterrupted]],
    ['failed', [again, ignoreFailure ? 'then the next step' : null].filter((part) => part !== null).join(', ') || null],
    ['exclusive', exclusive ? 'it waits until no other job runs' : null],
    ['can', [verifies ? 'verify after a restart' : '', cleansUp ? 'clean up' : ''].filter(Boolean).join(', ') || null],
  ];
}

const MAX_SHOWN = 400;

/** A file may be among the parameters; `--json` has all of them. */
function shortened(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)`;
}

function list(word: string, texts: readonly string[]): string {
  return texts.map((text) => `${INDENT}${word} ${visibleInLine(text)}\n`).join('');
}
