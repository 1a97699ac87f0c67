// When each of several agents began its polls, read from the lines of their process.
import { z } from 'zod';
import type { LineProcess } from './line-process.ts';

const line = z.object({ event: z.enum(['poll-begun', 'poll-sent']), atMs: z.number() });

export class PollWatch {
  readonly #begun = new Map<string, number[]>();
  readonly #sent = new Map<string, number[]>();
  readonly #clean = new Map<string, number>();

  constructor(agents: LineProcess) {
    agents.onLine((text) => this.#take(text));
  }

  /** Milliseconds of each poll's start, by the clock of the agents' process. */
  begun(name: string): readonly number[] {
    return this.#begun.get(name) ?? [];
  }

  /** Of each poll whose request was written to a connection. */
  sent(name: string): readonly number[] {
    return this.#sent.get(name) ?? [];
  }

  /** The longest time from the start of a poll to the start of the next. */
  longestGapMs(name: string): number {
    const starts = this.begun(name);
    return Math.max(0, ...starts.slice(1).map((at, index) => at - (starts[index] ?? at)));
  }

  /** How often the agent said that its control plane can be used again. */
  recoveries(name: string): number {
    return this.#clean.get(name) ?? 0;
  }

  #take(text: string): void {
    const tab = text.indexOf('\t');
    const name = text.slice(0, tab);
    const rest = text.slice(tab + 1);
    if (rest.includes('control plane can be used again')) this.#clean.set(name, this.recoveries(name) + 1);
    if (!rest.startsWith('{"event"')) return;
    const { event, atMs } = line.parse(JSON.parse(rest));
    const list = event === 'poll-begun' ? this.#begun : this.#sent;
    list.set(name, [...(list.get(name) ?? []), atMs]);
  }
}
