/** What is known of one setting: the facts of the schema, as messages, the environment and the reference need them. */
import { type Config, type SettingName, settingsSchema } from './schema.ts';

export interface Setting {
  readonly name: SettingName;
  /** Environment variable that wins over the file, such as JOB_AGENT_KEEP_ALIVE_SECONDS. */
  readonly environmentName: string;
  readonly kind: 'integer' | 'text' | 'choice' | 'list';
  /** For people: `a whole number from 5 to 1200`. */
  readonly expected: string;
  readonly description: string;
  readonly required: boolean;
  /** Absent for a required setting, and for one whose default follows another. */
  readonly byDefault?: unknown;
  /** The setting whose value is taken when this one is not set. */
  readonly defaultsTo?: string;
  readonly example?: unknown;
  /** Names a file or folder, or several. */
  readonly isPath: boolean;
  /** Its value is not told. */
  readonly isSecret: boolean;
}

export const ENVIRONMENT_PREFIX = 'JOB_AGENT_';

export const SETTINGS: readonly Setting[] = Object.entries(settingsSchema.properties).map(([name, schema]) =>
  toSetting(name as SettingName, schema),
);

/** For people: user and password of a URL are left out. */
export function withoutSecrets(config: Config): Config {
  const secrets = SETTINGS.filter(({ isSecret }) => isSecret).map(({ name }) => {
    return [name, String(config[name]).replace(/\/\/[^/]*@/, '//***@')] as const;
  });
  return { ...config, ...Object.fromEntries(secrets) };
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingsSchema.properties, name);
}

/** `keepAliveSeconds` is JOB_AGENT_KEEP_ALIVE_SECONDS. */
export function environmentNameOf(name: string): string {
  return ENVIRONMENT_PREFIX + name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** The other way round, for any variable that begins as ours do; it may name no setting. */
export function settingLike(environmentName: string): string {
  const words = environmentName.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
  return words.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The part of a JSON Schema that our settings use. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly expected?: string;
  readonly path?: boolean;
  readonly writeOnly?: boolean;
  readonly description?: string;
  readonly default?: unknown;
  readonly defaultsTo?: string;
  readonly examples?: readonly unknown[];
}

function toSetting(name: SettingName, schema: Schema): Setting {
  return {
    name,
    environmentName: environmentNameOf(name),
    kind: kindOf(schema),
    expected: expectedOf(schema),
    description: schema.description ?? '',
    required: schema.default === undefined && settingsSchema.required.includes(name as never),
    ...(schema.default === undefined ? {} : { byDefault: schema.default }),
    ...(schema.defaultsTo === undefined ? {} : { defaultsTo: schema.defaultsTo }),
    ...(schema.examples === undefined ? {} : { example: schema.examples[0] }),
    isPath: schema.path === true,
    isSecret: schema.writeOnly === true,
  };
}

function kindOf(schema: Schema): Setting['kind'] {
  if (schema.enum !== undefined) return 'choice';
  if (schema.type === 'array') return 'list';
  return schema.type === 'integer' ? 'integer' : 'text';
}

function expectedOf(schema: Schema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map((choice) => JSON.stringify(choice)).join(', ')}`;
  if (schema.type === 'array') return `${listOf(schema)} in which each entry is ${schema.items?.expected}`;
  if (schema.type === 'integer') return `a whole number from ${schema.minimum} to ${schema.maximum}`;
  return schema.expected ?? 'text';
}

function listOf({ minItems = 0, uniqueItems = false }: Schema): string {
  const rules = [...(minItems > 0 ? ['not empty'] : []), ...(uniqueItems ? ['without repeats'] : [])];
  return rules.length === 0 ? 'a list' : `a list, ${rules.join(', ')},`;
}
