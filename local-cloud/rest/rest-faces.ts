/** The two HTTP ports of the cloud, opened and closed together. */
import type { HttpListener } from './http-listener.ts';
import type { JobsDataTlsOptions } from './jobs-data-tls-server.ts';
import { startJobsDataTlsServer } from './jobs-data-tls-server.ts';
import type { RestServerOptions } from './rest-server.ts';
import { startRestServer } from './rest-server.ts';

export interface RestFaces {
  readonly httpPort: number;
  /** Undefined where nobody asked for it. */
  readonly jobsDataTlsPort: number | undefined;
  close(): Promise<void>;
}

/** Resolves when both listen. When one cannot, the other is closed again. */
export async function startRestFaces(options: {
  readonly rest: RestServerOptions;
  /** Undefined: no port for devices. */
  readonly jobsData: JobsDataTlsOptions | undefined;
}): Promise<RestFaces> {
  const rest = await startRestServer(options.rest);
  let jobsData: HttpListener | undefined;
  try {
    jobsData = options.jobsData && (await startJobsDataTlsServer(options.jobsData));
  } catch (error) {
    await rest.close();
    throw error;
  }
  return {
    httpPort: rest.port,
    jobsDataTlsPort: jobsData?.port,
    close: async () => {
      await Promise.all([rest.close(), jobsData?.close()]);
    },
  };
}
