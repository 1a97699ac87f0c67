// Waiting in tests of faults: until something holds, and for how long that took.

export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Milliseconds until `condition` held. Throws with what `what` says after `deadlineMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  what: () => string,
): Promise<number> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what()}`);
    await pause(50);
  }
  return performance.now() - began;
}
