/** The Software Package Catalog, as far as job documents refer to it. */
import type { ControlOperations } from '../jobs-service/control-request.ts';

export const PACKAGE_OPERATIONS = {} as const satisfies ControlOperations;
