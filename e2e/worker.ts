// Each of Playwright's workers has a server with databases of its own.

/** What the environment says for this worker: NAME_0, NAME_1 and so on, or NAME where there is one for all. */
export const ofWorker = (name: string): string | undefined =>
  process.env[`${name}_${process.env.TEST_PARALLEL_INDEX ?? 0}`] ?? process.env[name];
