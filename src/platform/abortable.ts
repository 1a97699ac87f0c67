// Waiting that can be given up, for work that does not notice a signal itself.

/** Settles with `work`, or rejects with the signal's reason as soon as it aborts; `cancel` is then told to let go. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal, cancel: () => void): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const listening = new AbortController();
  const abort = (): void => {
    reject(signal.reason);
    cancel();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true, signal: listening.signal });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    listening.abort(null);
  }
}
