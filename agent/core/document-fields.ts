/** What the document formats have in common: texts that end in an argument list, users, handlers, folders, steps. */
import { quote } from './describe-value.ts';
import {
  type JsonPlace,
  memberPlace,
  noteExpected,
  noteProblem,
  readBoolean,
  readItems,
  readObject,
  readOptional,
  readString,
} from './json-place.ts';
import { nearestName } from './nearest-name.ts';

/** Ours: a job of more steps is better several jobs, and each step can cost an update. */
const MAX_STEPS = 50;
/** NAME_MAX of Linux (limits.h). */
const MAX_HANDLER_LENGTH = 255;
/** PATH_MAX of Linux, and the limit of `pathToHandler` in AWS's managed templates. */
const MAX_FOLDER_LENGTH = 4096;

/** A string that may become an argument: the kernel ends arguments at NUL, so what followed it would be lost unseen. */
export function readText(place: JsonPlace): string {
  const text = readString(place);
  if (text.includes('\0')) noteProblem(place, 'expected a string without NUL characters, got one with');
  return text;
}

export function readName(place: JsonPlace): string {
  const name = readText(place);
  if (name === '') noteExpected(place, 'a name');
  return name;
}

export function readTexts(place: JsonPlace): readonly string[] {
  return readItems(place).map(readText);
}

/** A user name as useradd(8) allows it: never an option, a number or a path. Whether it is allowed is asked later. */
export function readUser(place: JsonPlace, maxLength: number): string {
  const user = readText(place);
  if (user.length > maxLength || !/^[a-z_][a-z0-9_-]*[$]?$/.test(user)) {
    noteExpected(place, `a user name (a-z 0-9 _ -, at most ${maxLength} characters)`);
  }
  return user;
}

/** A file name of a handler: no path, nothing hidden, nothing that looks like an option. */
export function readHandler(place: JsonPlace): string {
  const handler = readText(place);
  if (handler.length > MAX_HANDLER_LENGTH || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(handler)) {
    noteExpected(place, `a file name (a-z A-Z 0-9 . _ -, at most ${MAX_HANDLER_LENGTH} characters)`);
  }
  return handler;
}

/** The Device Client's `path`: absent, empty and `default` all mean the configured folder, which is '' here. */
export function readFolder(place: JsonPlace): string {
  const folder = readOptional(place, readText) ?? '';
  if (folder.length > MAX_FOLDER_LENGTH) noteExpected(place, `a folder of at most ${MAX_FOLDER_LENGTH} characters`);
  return folder === 'default' ? '' : folder;
}

/** AWS's own documents write some booleans as strings, and its Device Client only reads those; absent is false. */
export function readFlag(place: JsonPlace): boolean {
  if (place.value === undefined || place.value === 'false') return false;
  return place.value === 'true' || readBoolean(place);
}

/** The places of 1 to 50 steps. */
export function readSteps(place: JsonPlace): readonly JsonPlace[] {
  const steps = readItems(place);
  if (steps.length === 0) noteExpected(place, 'at least one step');
  if (steps.length > MAX_STEPS) noteProblem(place, `expected at most ${MAX_STEPS} steps, got ${steps.length}`);
  return steps;
}

/** Members that are right in another place, and which that is. */
interface Misplaced {
  readonly names: readonly string[];
  readonly hint: string;
}

/** Of what is typed strictly: a member we do not know was meant to do something that would not happen. Only the first is told. */
export function refuseUnknownMembers(place: JsonPlace, known: readonly string[], misplaced?: Misplaced): void {
  for (const name of Object.keys(readObject(place))) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    if (misplaced?.names.includes(name)) {
      noteProblem(memberPlace(place, name), `unknown member here; ${misplaced.hint}`);
      return;
    }
    const hint = nearest === undefined ? `known are ${known.map(quote).join(', ')}` : `did you mean ${quote(nearest)}?`;
    noteProblem(memberPlace(place, name), `unknown member; ${hint}`);
    return;
  }
}
