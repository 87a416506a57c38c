/** The reference of the error codes, as text. Made from the tables in agent/errors.ts only. */
import { type ErrorCodeEntry, JOURNAL_ERROR_CODES, REASON_CODES, TRANSPORT_ERROR_CODES } from '../../agent/errors.ts';
import type { ReasonCodeEntry } from '../../agent/handler-reason-codes.ts';
import { renderTable } from './markdown-table.ts';

export function renderErrorsPage(): string {
  const reasons: [string, ReasonCodeEntry][] = Object.entries(REASON_CODES);
  return `# Error codes

<!-- Made by \`npm run docs\` from agent/errors.ts. -->

## Why a job was not done

\`reasonCode\` in the \`statusDetails\` of a job execution; \`reason\` beside it is a sentence about the case at hand. A program in
\`handlersDir\` may report codes of its own.

${renderTable(
  ['Code', 'Status', 'What happened', 'What to do'],
  reasons.map(([name, { status, summary, remedy }]) => [`\`${name}\``, status, summary, remedy]),
)}
## Why there is no connection

\`code\` in the log and in \`job-agent status\`. The agent goes on trying: at least every two minutes, and every ten
where it is not authorized or the client id is in use.

${renderCodes(TRANSPORT_ERROR_CODES)}
## Why the agent cannot remember

\`code\` in the log. Without a journal the agent takes no jobs: it exits with code 74 when it cannot open one.

${renderCodes(JOURNAL_ERROR_CODES)}
## Why the agent does not start

A mistake in the configuration is no code but a list of sentences, one for each mistake, and exit code 78:
what was expected, what came, and where to change it. [Settings](settings.md) has the rules.
`;
}

function renderCodes(codes: Readonly<Record<string, ErrorCodeEntry>>): string {
  const rows = Object.entries(codes).map(([name, { summary, remedy }]) => [`\`${name}\``, summary, remedy]);
  return renderTable(['Code', 'What happened', 'What to do'], rows);
}
