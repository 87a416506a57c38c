/** What is wrong with a job document or a jobId, before the service is asked. */
import { findJsonMistake } from '../../../agent/config/json-mistake.ts';

/** API reference, CreateJob: `document` has at most 32,768 characters. */
export const MAX_DOCUMENT_LENGTH = 32_768;
/** API reference, CreateJob: `jobId`. */
const JOB_ID = /^[a-zA-Z0-9_-]+$/;
const MAX_JOB_ID_LENGTH = 64;

/** @returns nothing when the service will take it, if it takes its placeholders */
export function documentProblem(text: string): string | undefined {
  if (text.trim() === '') return 'A job document is needed.';
  if (text.length > MAX_DOCUMENT_LENGTH) {
    const excess = text.length - MAX_DOCUMENT_LENGTH;
    return `${shownCount(excess)} too long: a job document has at most ${MAX_DOCUMENT_LENGTH.toLocaleString('en')} characters.`;
  }
  const mistake = findJsonMistake(text);
  if (mistake) {
    const { line, column, expected, found } = mistake;
    const end = found === 'the end of the file';
    return `Line ${line}, column ${column}: ${expected} was expected, but ${end ? 'the text ends' : `${found} stands`} there.`;
  }
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined;
  return 'A job document is a JSON object: it begins with { and ends with }.';
}

/** Whether it is taken already is another question. @returns nothing when it may be one */
export function jobIdProblem(jobId: string): string | undefined {
  if (jobId === '') return 'A job ID is needed.';
  if (jobId.length > MAX_JOB_ID_LENGTH) return `A job ID has at most ${MAX_JOB_ID_LENGTH} characters.`;
  const [wrong] = [...jobId].filter((character) => !JOB_ID.test(character));
  if (wrong === undefined) return undefined;
  return `${wrong === ' ' ? 'A space' : `'${wrong}'`} cannot be in a job ID; use a-z, A-Z, 0-9, _ and -.`;
}

function shownCount(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'character' : 'characters'}`;
}
