import { renderConformancePage } from './conformance-docs.ts';
import { renderErrorsPage } from './errors-docs.ts';
import { renderHandlerSchema } from './handler-schema.ts';
import { renderHandlersPage } from './handlers-docs.ts';
import { renderJobDocumentSchema } from './job-document-schema.ts';
import { renderLifecyclePage } from './lifecycle-docs.ts';
import { renderExampleConfig, renderSettingsOverview, renderSettingsPage } from './settings-docs.ts';

/** Files that are made as a whole, by their path in the repository. */
export const GENERATED_FILES: Readonly<Record<string, () => string>> = {
  'config.example.json': renderExampleConfig,
  'docs/settings.md': renderSettingsPage,
  'docs/errors.md': renderErrorsPage,
  'docs/lifecycle.md': renderLifecyclePage,
  'docs/conformance.md': renderConformancePage,
  'docs/handlers.md': renderHandlersPage,
  'docs/handler.schema.json': renderHandlerSchema,
  'docs/job-document.schema.json': renderJobDocumentSchema,
};

const START = '<!-- settings:start -->\n';
const END = '<!-- settings:end -->';

/** The text of README.md with its block of settings renewed, or as it was when it has none. */
export function withSettingsBlock(readme: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END, start);
  if (start === -1 || end === -1) return readme;
  return readme.slice(0, start + START.length) + renderSettingsOverview('docs/settings.md') + readme.slice(end);
}
