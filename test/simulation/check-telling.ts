/** C2, C3 and C6: what the service is told, and what the journal keeps. */
import { isTerminal } from '../../agent/core/job-execution.ts';
import { isJsonObject } from '../../agent/core/json.ts';
import type { JournalEntry } from '../../agent/ports/journal.ts';
import type { Check, Complain } from './check.ts';
import { type Chronicle, type ExecutionLife, endingOf, isDurable, type Placed, statusAtEnd } from './chronicle.ts';
import { JOURNAL_LOST } from './operator.ts';

/** C2. */
export const endsAll: Check = (chronicle, complain) => {
  const { executions, settled, healed } = chronicle;
  if (settled === undefined || healed === undefined) return complain('the world did not come to its end', 0);
  for (const execution of executions) {
    const { id, deleted } = execution;
    const status = statusAtEnd(execution);
    if (deleted !== undefined || isTerminal(status) || isLeftToOthers(chronicle, execution)) continue;
    complain(
      `it is still ${status}, ${Math.round(healed.boundMs / 60_000)} minutes after all was well`,
      settled.place,
      id,
    );
  }
};

/**
 * On a thing that is shared: what nobody here handles, and what was ours before its journal was lost. Nothing tells it
 * from what another agent has begun. On any thing: what was claimed unheard, and had its mark overwritten by another client.
 */
export function isLeftToOthers({ settings, of }: Chronicle, { script, changes, runs }: ExecutionLife): boolean {
  const taken = changes.find(({ to }) => to === 'IN_PROGRESS');
  const isOverwritten = taken !== undefined && changes.some(({ by, place }) => by === 'other' && place > taken.place);
  if (isOverwritten && runs.length === 0) return true;
  if (settings.agent.core.unknownOperation !== 'leave') return false;
  if (taken === undefined) return script.verdict === 'unknown';
  return of('opened').some(({ status, place }) => status === 'lost' && place > taken.place);
}

/** C3. */
export const tellsOneEnd: Check = (chronicle, complain) => {
  for (const execution of chronicle.executions) {
    const { id, endings, runs } = execution;
    if (endings.length > 1) complain(`it ended ${endings.length} times`, endings[1]?.place ?? 0, id);
    const ending = endingOf(execution);
    if (ending?.by === 'agent') isAsJournaled(chronicle, execution, ending, complain);
    isClosed(chronicle, execution, complain);
    for (const { ended } of runs) if (ended?.isHeard) isTakenDown(chronicle, execution, ended, complain);
  }
  for (const { topic, body, place } of chronicle.of('asked')) {
    const isGuarded = Number.isInteger(body.expectedVersion) && Number.isInteger(body.executionNumber);
    if (topic.endsWith('/update') && !isGuarded) complain('an update says neither which nor from where', place);
  }
};

/** What is told is what the journal held. Without a journal what runs is ended from memory, and is told all the same. */
function isAsJournaled(
  chronicle: Chronicle,
  execution: ExecutionLife,
  ending: Placed<'changed'>,
  complain: Complain,
): void {
  const journaled = journaledBefore(chronicle, execution, ending.place);
  if (journaled === ending.to || isFromMemory(chronicle, execution, ending)) return;
  complain(`${ending.to} was told, ${journaled ?? 'nothing'} was journaled`, ending.place, execution.id);
}

/** The last outcome that was on the disk; of a write that failed, if a later start found it there. */
function journaledBefore({ of }: Chronicle, { id, records }: ExecutionLife, place: number): string | null {
  const written = records.filter(isDurable).map((record) => ({ place: record.place, entry: record.entry }));
  const found = of('opened').flatMap((opened) => opened.entries.map((entry) => ({ place: opened.place, entry })));
  const last = [...written, ...found.filter(({ entry }) => entry.id === id)]
    .filter((one) => one.place < place && statusIn(one.entry) !== null)
    .sort((one, other) => one.place - other.place)
    .at(-1);
  return last === undefined ? null : statusIn(last.entry);
}

/** Told by a process that had met an error of its journal, and writes no more. It may have ended since. */
function isFromMemory(
  { of }: Chronicle,
  { jobId, executionNumber }: ExecutionLife,
  { to, place }: Placed<'changed'>,
): boolean {
  const told = of('asked').findLast(
    ({ topic, body, place: asked }) =>
      asked < place &&
      topic.endsWith(`/${jobId}/update`) &&
      body.status === to &&
      body.executionNumber === executionNumber,
  );
  return of('record').some(
    ({ state, life, place: failed }) => state === 'failed' && life === told?.life && failed < told.place,
  );
}

/** What the journal has of it at last, if anything, is that it is over. */
function isClosed({ of }: Chronicle, { id, records }: ExecutionLife, complain: Complain): void {
  const opened = of('opened').at(-1);
  const written = records.findLast((record) => isDurable(record) && record.place > (opened?.place ?? 0));
  const last = written?.entry ?? opened?.entries.find((entry) => entry.id === id);
  if (last === undefined || last.body.phase === 'closed') return;
  complain(`it was left as ${String(last.body.phase)} in the journal`, (written ?? opened)?.place ?? 0, id);
}

/** An end of a run that was heard is in the journal soon, unless the agent or the journal ends first. */
function isTakenDown(
  { processes, of }: Chronicle,
  { id, records, runs }: ExecutionLife,
  ended: Placed<'ended'>,
  complain: Complain,
): void {
  const life = runs.find((run) => run.ended === ended)?.started.life;
  const process = processes.find((one) => one.life === life);
  const untilMs = ended.atMs + 30_000;
  const isCut = process?.ended !== undefined && process.ended.atMs <= untilMs;
  const isDead = of('record').some((record) => record.life === life && record.state === 'failed');
  const isWritten = records.some(
    ({ place, atMs, state }) => state === 'synced' && place > ended.place && atMs <= untilMs,
  );
  if (!isCut && !isDead && !isWritten) complain('the end of its run was not journaled', ended.place, id);
}

function statusIn({ body }: JournalEntry): string | null {
  return body.phase === 'reporting' && isJsonObject(body.outcome) ? String(body.outcome.status) : null;
}

/** C6. */
export const remembers: Check = ({ of, entries }, complain) => {
  const faults = of('fault').filter(({ name }) => name === JOURNAL_LOST);
  let lost = 0;
  for (const opened of of('opened')) {
    if (opened.status === 'lost') lost += 1;
    const excused = faults.filter(({ place }) => place < opened.place).length;
    if (lost > excused) complain('a journal was lost that nobody took', opened.place);
    const before = of('record').filter(
      ({ place, journalId }) => place < opened.place && journalId === opened.journalId,
    );
    if (opened.status !== 'read' && before.length > 0)
      complain('a journal was begun anew though it was there', opened.place);
    if (opened.status === 'read') isRemembered(before, opened, complain);
  }
  const journals = new Set(of('opened').map(({ journalId }) => journalId));
  if (journals.size > 1 + faults.length) complain('there are more journals than were lost', entries.length - 1);
};

/** Of each id what was acknowledged last, or what was handed over after it and may be there. */
function isRemembered(before: readonly Placed<'record'>[], opened: Placed<'opened'>, complain: Complain): void {
  const found = new Map(opened.entries.map((entry) => [entry.id, entry]));
  const ids = new Set([...before.map(({ entry }) => entry.id), ...found.keys()]);
  for (const id of ids) {
    const ofId = before.filter(({ entry }) => entry.id === id);
    const acknowledged = ofId.findLast(({ state }) => state === 'synced');
    const since = ofId.filter(({ place, state }) => place > (acknowledged?.place ?? -1) && state !== 'synced');
    const entry = found.get(id);
    const possible = [...(acknowledged === undefined ? [] : [acknowledged]), ...since].map((record) => record.entry);
    if (entry === undefined) {
      if (acknowledged !== undefined) complain('an acknowledged record is gone', opened.place, id);
    } else if (!possible.some((one) => isSame(one, entry))) {
      complain('a record came back that was not the last', opened.place, id);
    }
  }
}

function isSame(one: JournalEntry, other: JournalEntry): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
