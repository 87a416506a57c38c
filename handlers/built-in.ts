import type { JobHandler } from '../agent/handler-api.ts';
import { applicationsHandler } from './applications/handler.ts';
import { collectLogsHandler } from './collect-logs/handler.ts';
import { containersHandler } from './containers/handler.ts';
import { delayHandler } from './delay/handler.ts';
import { downloadFileHandler } from './download-file/handler.ts';
import { editConfigHandler } from './edit-config/handler.ts';
import { firmwareHandler } from './firmware/handler.ts';
import { installApplicationHandler } from './install-application/handler.ts';
import { installPackagesHandler } from './install-packages/handler.ts';
import { inventoryHandler } from './inventory/handler.ts';
import { rebootHandler } from './reboot/handler.ts';
import { removePackagesHandler } from './remove-packages/handler.ts';
import { runCommandHandler } from './run-command/handler.ts';
import { servicesHandler } from './services/handler.ts';
import { setLogLevelHandler } from './set-log-level/handler.ts';
import { shutdownHandler } from './shutdown/handler.ts';
import { systemInfoHandler } from './system-info/handler.ts';
import { unpackArchiveHandler } from './unpack-archive/handler.ts';
import { uploadFileHandler } from './upload-file/handler.ts';
import { writeFileHandler } from './write-file/handler.ts';

/** Every handler that comes with the agent. */
export const builtInHandlers: readonly JobHandler[] = [
  applicationsHandler,
  collectLogsHandler,
  containersHandler,
  delayHandler,
  downloadFileHandler,
  editConfigHandler,
  firmwareHandler,
  installApplicationHandler,
  installPackagesHandler,
  inventoryHandler,
  rebootHandler,
  removePackagesHandler,
  runCommandHandler,
  servicesHandler,
  setLogLevelHandler,
  shutdownHandler,
  systemInfoHandler,
  unpackArchiveHandler,
  uploadFileHandler,
  writeFileHandler,
] as readonly JobHandler[]; // each takes its own parameters; whoever calls one has checked them against its schema
