import { renderConformancePage } from './conformance-docs.ts';
import { renderErrorsPage } from './errors-docs.ts';
import { renderHandlerSchema } from './handler-schema.ts';
import { renderHandlersPage } from './handlers-docs.ts';
import { renderJobDocumentSchema } from './job-document-schema.ts';
import { renderLifecyclePage } from './lifecycle-docs.ts';
import { renderConfigManual, renderProgramManual } from './man-pages.ts';
import { renderExampleConfig, renderSettingsOverview, renderSettingsPage } from './settings-docs.ts';

/** Files that are made as a whole, by their path in the repository. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  'config.example.json': renderExampleConfig,
  'docs/settings.md': guide(renderSettingsPage),
  'docs/errors.md': guide(renderErrorsPage),
  'docs/lifecycle.md': guide(renderLifecyclePage),
  'docs/conformance.md': guide(renderConformancePage),
  'docs/handlers.md': guide(renderHandlersPage),
  'docs/man/job-agent.1': renderProgramManual,
  'docs/man/job-agent-config.5': renderConfigManual,
  'docs/handler.schema.json': renderHandlerSchema,
  'docs/job-document.schema.json': renderJobDocumentSchema,
};

/** Every guide leads back to the list of them. */
function guide(render: () => string): () => string {
  return () => `${render()}\n[All guides](README.md)\n`;
}

const START = '<!-- settings:start -->\n';
const END = '<!-- settings:end -->';

/** The text of README.md with its block of settings renewed, or as it was when it has none. */
export function withSettingsBlock(readme: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END, start);
  if (start === -1 || end === -1) return readme;
  return readme.slice(0, start + START.length) + renderSettingsOverview('docs/settings.md') + readme.slice(end);
}
