/** What operations that change a file have in common: where it is, what must succeed after it, what is kept. */
import {
  commandProblem,
  FILE_PATH,
  type HandlerFacts,
  type ParameterProblem,
  type Static,
  type TSchema,
  Type,
} from '../../agent/handler-api.ts';

export const filePath = Type.String({
  ...FILE_PATH,
  description: 'Where the file is; a relative path counts from the working folder of the execution.',
});

const MAX_ARGUMENT_LENGTH = 4096;

function argumentList(description: string) {
  return Type.Array(
    Type.String({
      maxLength: MAX_ARGUMENT_LENGTH,
      pattern: '^[^\\u0000]*$', // execve(2) ends an argument at a null byte
      expected: 'a string without null bytes',
      writeOnly: true, // an argument may be a password
    }),
    { minItems: 1, maxItems: 64, description },
  );
}

export const changeCommands = {
  check: Type.Optional(
    argumentList(
      'Program and arguments, run with the new content in place, such as `["nginx", "-t"]`. When it ends with another exit ' +
        'code than 0, the old content is put back, and the step fails.',
    ),
  ),
  apply: Type.Optional(
    argumentList(
      'Program and arguments that make the change take effect, run after `check`, such as ' +
        '`["systemctl", "reload", "nginx"]`. When it fails, the old content is put back, and it is run once more for that.',
    ),
  ),
};

/** @param byDefault whether the old content is kept unless the document says so. */
export function keepPrevious(byDefault: boolean) {
  return Type.Optional(
    Type.Boolean({
      default: byDefault,
      description:
        'Whether the content before this change stays beside the file, hidden, as `.NAME.previous`: one, the last.',
    }),
  );
}

const commands: TSchema = Type.Object(changeCommands);
export type ChangeCommands = Static<typeof commands> & { readonly check?: string[]; readonly apply?: string[] };

export function checkCommands({ check, apply }: ChangeCommands, facts: HandlerFacts): ParameterProblem | undefined {
  return (
    (check === undefined ? undefined : commandProblem(check, '/check', facts.allowedCommands)) ??
    (apply === undefined ? undefined : commandProblem(apply, '/apply', facts.allowedCommands))
  );
}
