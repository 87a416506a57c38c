/** The life of a job that is tried here, for the person who watches: the daemon's own log, in words. */
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { visibleInLine } from './terminal-text.ts';

/** @returns a text with its line end; empty for what is of no interest. */
export function progressLine(logLine: string): string {
  const { level, time, msg, jobId, executionNumber, ...fields } = parsed(logLine);
  const render = RENDERERS[String(msg)];
  if (render !== undefined) return render(fields);
  if (level === 'debug' || level === 'trace') return '';
  return `  ${level === 'info' ? '' : `${String(level)}: `}${visibleInLine(String(msg))}${pairs(fields)}\n`;
}

const RENDERERS: Readonly<Record<string, (fields: JsonObject) => string>> = {
  'step started': ({ step, steps, stepName, attempt, purpose }) => {
    const name = `step ${Number(step) + 1} of ${steps}: ${visibleInLine(String(stepName))}`;
    if (purpose === 'condition') return `${name}, is it to run here?\n`;
    return `${name}${attempt === 1 ? '' : `, attempt ${attempt}`}${purpose === 'work' ? '' : `, ${purpose}`}\n`;
  },
  'step is passed by': () => '  no: it is passed by\n',
  'handler output': ({ stream, line }) => `  ${stream === 'stderr' ? '!' : '|'} ${visibleInLine(String(line))}\n`,
  'handler log': ({ handlerMessage, fields }) =>
    `  ${visibleInLine(String(handlerMessage))}${isJsonObject(fields) ? pairs(fields) : ''}\n`,
  'step waits': ({ waitMs, reason }) => `  waits ${Number(waitMs) / 1_000} s: ${visibleInLine(String(reason))}\n`,
  // Its status and details are printed as the result.
  'job execution ended, reporting': () => '',
  'job execution closed': () => '',
  'job execution closed: the service says it is over': () => '',
};

function parsed(line: string): JsonObject {
  const value = JSON.parse(line) as JsonValue;
  return isJsonObject(value) ? value : {};
}

function pairs(fields: JsonObject): string {
  const shown = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return shown.length === 0 ? '' : ` (${visibleInLine(shown.join(', '))})`;
}
