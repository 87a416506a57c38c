import { type Static, Type } from '../../agent/handler-api.ts';

/** Compose Specification, `name`: lower case letters, digits, dashes and underscores, a letter or digit first. */
const PROJECT = '^[a-z0-9][a-z0-9_-]{0,62}$';
/** Names of containers in docker and podman: never an option, never a path. */
const CONTAINER = '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$';
/** Of docker's and OCI's references: host with port, path, tag, and digest. Never an option. */
const PATH_PART = '[a-zA-Z0-9]+(?:[._:-]+[a-zA-Z0-9]+)*';
const IMAGE = `^${PATH_PART}(?:/${PATH_PART})*(?:@sha256:[0-9a-f]{64})?$`;
const MAX_VALUE_LENGTH = 4096;

const environment = Type.Record(
  Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
  Type.String({
    maxLength: MAX_VALUE_LENGTH,
    pattern: '^[^\\u0000]*$',
    expected: 'text without null bytes',
    writeOnly: true,
  }),
  {
    additionalProperties: false,
    description:
      'Values for variables in the compose file, or the environment of `container`. Kept readable for the agent’s user only, told nowhere. Left out with `up`, those of the last `up` are kept.',
  },
);

const container = Type.Object(
  {
    name: Type.String({
      pattern: CONTAINER,
      expected: 'a name of letters, digits and _ . - (not first)',
      description: 'Its name in the engine.',
    }),
    image: Type.Optional(
      Type.String({
        maxLength: 512,
        pattern: IMAGE,
        expected: 'an image, such as "registry.example.com/app:1.2"',
        description: 'Required with `run`.',
      }),
    ),
    command: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: MAX_VALUE_LENGTH,
          pattern: '^[^\\u0000]*$',
          expected: 'text without null bytes',
          writeOnly: true, // an argument may be a password
        }),
        {
          maxItems: 64,
          description: 'Program and arguments in the place of those of the image.',
        },
      ),
    ),
    ports: Type.Optional(
      Type.Array(
        Type.String({
          pattern:
            '^(?:(?:[0-9]{1,3}\\.){3}[0-9]{1,3}:|\\[[0-9a-fA-F:]+\\]:)?[0-9]{1,5}:[0-9]{1,5}(?:/(?:tcp|udp|sctp))?$',
          expected: '[address:]port of the gateway:port of the container[/udp], such as "127.0.0.1:8080:80"',
        }),
        { maxItems: 32, description: 'Published ports.' },
      ),
    ),
    volumes: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: MAX_VALUE_LENGTH,
          pattern: '^(?:/[^:\\u0000-\\u001f]*|[a-zA-Z0-9][a-zA-Z0-9_.-]*):/[^:\\u0000-\\u001f]*(?::[a-zA-Z,]+)?$',
          expected: 'folder or volume:folder in the container[:ro], such as "data:/var/lib/app"',
        }),
        { maxItems: 32, description: 'Folders of the gateway or named volumes.' },
      ),
    ),
    network: Type.Optional(
      Type.String({
        pattern: CONTAINER,
        expected: 'the name of a network, host or none',
        description: 'Default: that of the engine.',
      }),
    ),
    restart: Type.Optional(
      Type.Enum(['no', 'always', 'unless-stopped', 'on-failure'], {
        description: 'What the engine does when it ends.',
        default: 'unless-stopped',
      }),
    ),
    user: Type.Optional(
      Type.String({
        pattern: '^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,31}(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,31})?$',
        expected: 'user[:group], names or numbers',
        description: 'Whom it runs as, in the place of the user of the image.',
      }),
    ),
  },
  { additionalProperties: false, description: 'One container without compose, for `run` and `remove`.' },
);

export const containersParameters = Type.Object(
  {
    action: Type.Enum(['up', 'down', 'restart', 'pull', 'run', 'remove'], {
      description:
        '`up`, `down`, `restart` and `pull` are about a compose project, `run` and `remove` about one container.',
    }),
    project: Type.Optional(
      Type.String({
        pattern: PROJECT,
        expected: 'a project name: at most 63 of a-z 0-9 _ -, a letter or digit first',
        description: 'Name of the compose project.',
      }),
    ),
    compose: Type.Optional(
      Type.Object(
        {
          services: Type.Record(Type.String({ pattern: '^[a-zA-Z0-9._-]{1,63}$' }), Type.Object({}), {
            additionalProperties: false,
            description: 'What is to run, by name.',
          }),
        },
        {
          writeOnly: true, // it may have passwords in the environment of a service
          description: 'With `up` and `pull`: the compose file as JSON, with all that compose knows.',
        },
      ),
    ),
    composeFile: Type.Optional(
      Type.String({
        maxLength: MAX_VALUE_LENGTH,
        pattern: '^(?!/)(?!(?:.*/)?\\.\\.(?:/|$))[^\\u0000-\\u001f\\u007f]*[^\\u0000-\\u001f\\u007f/]$',
        expected: 'a path within the working folder, without .. and without / first',
        description:
          'With `up` and `pull`: the compose file, from a step before (`download-file`, `write-file`) in the working folder.',
      }),
    ),
    environment: Type.Optional(environment),
    container: Type.Optional(container),
    pull: Type.Optional(
      Type.Enum(['always', 'missing'], {
        default: 'always',
        description: '`always` asks the registry first; `missing` takes images that are there as they are.',
      }),
    ),
    stayUpSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 600,
        default: 10,
        description: 'With `up`, `restart` and `run`: how long every container must stay up, in the same run.',
      }),
    ),
    healthTimeoutSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 120,
        description: 'How long a container with a health check may take to be healthy.',
      }),
    ),
    adopt: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Takes over a project, or a container, that somebody else started. From a project there is no way back to what it was.',
      }),
    ),
    engine: Type.Optional(
      Type.Enum(['docker', 'podman'], { description: 'Default: docker when its daemon answers, else podman.' }),
    ),
  },
  { additionalProperties: false },
);

export type ContainersParameters = Static<typeof containersParameters>;
export type ContainerParameters = Static<typeof container>;
