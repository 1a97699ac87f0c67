// The flags of Node and the settings of glibc under which the agent runs, each with what it is worth.

export const RUN_FLAGS: readonly string[] = [
  // undici's WebAssembly parser is not compiled a second time by the optimizing compiler.
  '--liftoff-only',
  // What V8's middle compiler needs while a long log is read: 2 to 7 MiB of its peak, for no time that could be measured.
  '--no-maglev',
];

/**
 * glibc keeps what was freed, up to a threshold that it raises with every large block, and does so for each of the threads that V8
 * compiles and collects with. With these it gives memory back: 4 MiB less at rest, some 10 at the peak of a long log, in the same time.
 * A small space for new objects (`--max-semi-space-size=1`) is worth nothing beside them: what is in use when it is full grows old, so
 * pages of a log take a seventh more time and 4 MiB more.
 */
export const RUN_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '2',
  /** Bytes. */
  MALLOC_TRIM_THRESHOLD_: '131072',
};
