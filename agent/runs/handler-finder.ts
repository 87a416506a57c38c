/** Finds handlers, whatever they are: what the step runner, and the commands that only look, are made of alike. */
import type { Logger } from 'pino';
import type { HandlerFacts, JobHandler } from '../handler-api.ts';
import type { ProcessRunner } from '../ports/process-runner.ts';
import type { CompileSchema } from '../ports/schema-check.ts';
import type { UserDatabase } from '../ports/user-database.ts';
import { createHandlerCatalog, type ListHandlers } from './handler-catalog.ts';
import { createHandlerRegistry } from './handler-registry.ts';
import { createHandlerSearch } from './handler-search.ts';
import { createManifestReader } from './manifest-file.ts';
import { type AskModule, createModuleAsker } from './module-asker.ts';
import { type CommandOfModule, createModuleCalls, type PlanOfModule } from './module-calls.ts';
import { createDeclarationCheck } from './module-declaration.ts';
import { createModuleDescriber } from './module-describer.ts';
import { createStepResolver, type ResolveStep, type StepResolverOptions } from './step-resolver.ts';

export interface HandlerFinderOptions {
  /** Runs the processes in which modules are asked. */
  readonly runner: ProcessRunner;
  readonly handlers: readonly JobHandler[];
  readonly compileSchema: CompileSchema;
  readonly users: UserDatabase;
  readonly facts: HandlerFacts;
  readonly settings: HandlerFinderSettings;
  /** How to start the handler host: the program, then its arguments. */
  readonly hostArgv: readonly string[];
  /** How long a module has to tell what it is; 30 s unless given. */
  readonly askLimitMs?: number;
  readonly log: Logger;
}

/** As in the configuration; every path absolute. */
export interface HandlerFinderSettings {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly handlersDir: string;
  readonly handlerPaths: readonly string[];
  readonly runAsUsers: readonly string[];
}

export interface HandlerFinder {
  /** Looks anew each time. */
  readonly resolve: ResolveStep;
  /** Everything that there is. Looks anew each time. */
  readonly list: ListHandlers;
  readonly askModule: AskModule;
  readonly commandOfModule: CommandOfModule;
  readonly planOfModule: PlanOfModule;
}

/** @throws Error when a handler that is built in is not declared as the handler API says. */
export function createHandlerFinder(options: HandlerFinderOptions): HandlerFinder {
  const { handlers, compileSchema, users, facts, settings, runner, hostArgv, askLimitMs, log } = options;
  const { runtimeDir } = settings;
  const registry = createHandlerRegistry({ handlers, compileSchema, facts });
  const limit = askLimitMs === undefined ? {} : { askLimitMs };
  const askModule = createModuleAsker({ runner, hostArgv, runtimeDir, own: users.own, ...limit });
  const search = createHandlerSearch({
    registry,
    readManifest: createManifestReader(settings, compileSchema),
    describeModule: createModuleDescriber(askModule, createDeclarationCheck(compileSchema)),
    folders: settings,
  });
  const { checkInModule, commandOfModule, planOfModule } = createModuleCalls(askModule, facts);
  return {
    resolve: createStepResolver({ registry, search, checkInModule, users, settings, ...createWarnings(log) }),
    list: createHandlerCatalog({ handlers, registry, search, folders: settings }),
    askModule,
    commandOfModule,
    planOfModule,
  };
}

/** Once of each file or folder: jobs come often, and files stay as they are. */
function createWarnings(log: Logger): Pick<StepResolverOptions, 'onOpening' | 'onShadowed'> {
  const told = new Set<string>();
  const isNews = (path: string) => !told.has(path) && told.add(path);
  return {
    onOpening({ path, fact, remedy }) {
      if (!isNews(path)) return;
      log.warn(
        { path, reason: `${fact}: handlers could be replaced; ${remedy}` },
        'handlers could be replaced by a group',
      );
    },
    onShadowed({ operation, path }) {
      if (isNews(path)) log.warn({ operation, path }, 'a handler file is not used: the operation is built in');
    },
  };
}
