/** What `job-agent handlers new` writes, and what it says to do next. */
export interface TemplateFile {
  /** In the folder of the handler. */
  readonly name: string;
  readonly text: string;
  readonly isProgram: boolean;
}

export interface Template {
  readonly files: readonly TemplateFile[];
  /** Commands, to be called in the folder. */
  readonly next: readonly string[];
}

export type MakeTemplate = (operation: string) => Template;

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function exampleOf(operation: string): TemplateFile {
  const document = { operation, parameters: { path: 'greeting.txt', who: 'gateway' } };
  return { name: `${operation}.example.job.json`, text: json(document), isProgram: false };
}

/** The JSON Schema of the parameters that every template has. */
export const PARAMETERS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      description: 'File to write, in the working folder.',
      pattern: '^[a-z][a-z0-9-]*\\.txt$',
      expected: 'a file name such as greeting.txt',
    },
    who: {
      type: 'string',
      description: 'Whom to greet.',
      pattern: '^[A-Za-z0-9 -]{1,64}$',
      expected: '1 to 64 letters, digits, spaces or hyphens',
    },
  },
  required: ['path', 'who'],
  additionalProperties: false,
} as const;
