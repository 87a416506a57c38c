/**
 * Schema 1.0 of AWS's managed job templates, as its Device Client reads it
 * (https://docs.aws.amazon.com/iot/latest/developerguide/job-templates-managed.html). Members we do not know are let
 * be, because AWS may add some; `conditions` that we cannot evaluate are refused, because a job must not run where it was
 * told not to.
 * Parameters a template leaves out arrive as empty strings.
 */
import { readTemplateConditions } from './condition.ts';
import {
  readFlag,
  readFolder,
  readHandler,
  readName,
  readSteps,
  readText,
  readTexts,
  readUser,
} from './document-fields.ts';
import type { ExecutableAction, JobPlan, OperationAction, PlannedStep } from './job-plan.ts';
import {
  type JsonPlace,
  memberPlace,
  noteExpected,
  readObject,
  readOptional,
  readQuotedInteger,
} from './json-place.ts';

/** CLI page of the managed templates: `runAsUser` has up to 256 characters. */
const MAX_USER_LENGTH = 256;

/** @returns a plan that counts only if `document` has noted no problems. */
export function readManagedTemplate(document: JsonPlace): JobPlan {
  const version = memberPlace(document, 'version');
  if (version.value !== '1.0') noteExpected(version, 'the string "1.0"');
  const runIf = readOptional(memberPlace(document, 'conditions'), readTemplateConditions);
  const conditional = (step: PlannedStep): PlannedStep => (runIf === undefined ? step : { ...step, runIf });
  const steps = readSteps(memberPlace(document, 'steps')).map(readStep);
  const finalStep = readOptional(memberPlace(document, 'finalStep'), readStep);
  return {
    format: 'managed-template',
    includeStdOut: readFlag(memberPlace(document, 'includeStdOut')),
    // The final step runs only if all others succeeded, which is what being the last one means.
    steps: (finalStep === undefined ? steps : [...steps, finalStep]).map(conditional),
  };
}

function readStep(step: JsonPlace): PlannedStep {
  readObject(step);
  const action = memberPlace(step, 'action');
  readObject(action);
  const user = readOptional(memberPlace(action, 'runAsUser'), readUserIfAny) ?? '';
  const allowStdErr = readOptional(memberPlace(action, 'allowStdErr'), (place) => readQuotedInteger(place, 0));
  const type = readType(memberPlace(action, 'type'));
  const input = memberPlace(action, 'input');
  readObject(input);
  return {
    name: readName(memberPlace(action, 'name')),
    pointer: action.pointer,
    action: type === 'runCommand' ? readCommandInput(input) : readHandlerInput(input, user),
    // A handler script is told the user and changes to it by itself.
    ...(type === 'runCommand' && user !== '' && { runAs: user }),
    ignoreFailure: readFlag(memberPlace(action, 'ignoreStepFailure')),
    ...(allowStdErr !== undefined && { allowStdErr }),
  };
}

function readType(place: JsonPlace): 'runHandler' | 'runCommand' {
  if (place.value === 'runCommand' || place.value === 'runHandler') return place.value;
  noteExpected(place, '"runHandler" or "runCommand"');
  return 'runHandler';
}

function readUserIfAny(place: JsonPlace): string {
  return place.value === '' ? '' : readUser(place, MAX_USER_LENGTH);
}

function readHandlerInput(input: JsonPlace, runAsUser: string): ExecutableAction {
  return {
    kind: 'executable',
    handler: readHandler(memberPlace(input, 'handler')),
    args: readOptional(memberPlace(input, 'args'), readTexts) ?? [],
    folder: readFolder(memberPlace(input, 'path')),
    runAsUser,
  };
}

function readCommandInput(input: JsonPlace): OperationAction {
  const place = memberPlace(input, 'command');
  const command = Array.isArray(place.value) ? readTexts(place) : splitCommand(readText(place));
  const [program = ''] = command;
  if (program === '' || /\s/u.test(program)) {
    noteExpected(place, 'a program without white space in its name, then its arguments, separated by commas');
  }
  return { kind: 'operation', operation: 'run-command', parameters: { command } };
}

/** The template's way to write an argument list: commas between the words, `\,` for a comma in one. */
function splitCommand(text: string): readonly string[] {
  return text.split(/(?<!\\),/u).map((word) => word.replaceAll('\\,', ',').trim());
}
