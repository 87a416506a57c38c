/** Where things are in the sandbox: everything that may be written, and by whom. */

export const ARENA = '/fuzz';

export const PLACES = {
  /** What is written elsewhere than in the arena turns up here (upper folder of the overlay): it must stay empty. */
  elsewhere: `${ARENA}/.elsewhere`,
  bundle: `${ARENA}/bundle/job-agent.js`,
  examples: `${ARENA}/bundle/examples.json`,
  cloud: `${ARENA}/cloud`,
  state: `${ARENA}/agent/state`,
  runtime: `${ARENA}/agent/run`,
  handlers: `${ARENA}/handlers`,
  moreHandlers: `${ARENA}/more-handlers`,
  /** Absolute targets of documents lie here. */
  allowed: `${ARENA}/allowed`,
  /** The one folder of `uploadFolders`. */
  uploads: `${ARENA}/uploads`,
  /** Where programs tell how they were called. */
  calls: `${ARENA}/calls`,
  /** Mounted where `install-application` has its folders and units: see {@link MOUNTED}. */
  applications: `${ARENA}/applications`,
  units: `${ARENA}/units`,
} as const;

/** Folders of the machine that operations write in by design: those of the arena take their places. */
export const MOUNTED: Readonly<Record<string, string>> = {
  [PLACES.applications]: '/opt/iot-applications',
  [PLACES.units]: '/etc/systemd/system',
};

/** Where the agent keeps what operations leave on purpose, until another one removes it. */
export const KEPT_BY_OPERATIONS: readonly string[] = [`${PLACES.state}/applications`, `${PLACES.state}/containers`];

/** Stand-ins lie there in the sandbox: it comes first in the PATH of every handler. */
export const PROGRAMS_FOLDER = '/usr/local/sbin';

/** In every text that the documents make up: what a program or a file is called by can be traced to it. */
export const MARK = 'zq';
