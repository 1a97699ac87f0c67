// What the agent tells the service manager that started it (sd_notify(3)): that it is ready, that it lives, what it does.

export interface ServiceManager {
  /** Within how many milliseconds it must hear `alive`, again and again; undefined when it does not watch. */
  readonly watchdogMs: number | undefined;
  ready(): void;
  alive(): void;
  /** The process knows that it is stuck: to be ended and started anew now, not when the watchdog's time is up. */
  stuck(): void;
  /** One sentence for `systemctl status`. */
  status(sentence: string): void;
  /** It ends by itself within `withinMs`, however long the unit would wait for that. */
  stopping(withinMs: number): void;
}

export const NO_SERVICE_MANAGER: ServiceManager = {
  watchdogMs: undefined,
  ready: () => undefined,
  alive: () => undefined,
  stuck: () => undefined,
  status: () => undefined,
  stopping: () => undefined,
};

/** The helper of old systemd versions reads lines, and a datagram may hold several: so each assignment is a message and a line of its own. */
export function systemdOver(send: (message: string) => void, watchdogMs: number | undefined): ServiceManager {
  const assign = (name: string, value: string): void => send(`${name}=${value}\n`);
  return {
    watchdogMs,
    ready: () => assign('READY', '1'),
    alive: () => assign('WATCHDOG', '1'),
    stuck: () => assign('WATCHDOG', 'trigger'),
    status: (sentence) => assign('STATUS', sentence.replaceAll(/\p{Cc}+/gu, ' ')),
    stopping: (withinMs) => {
      assign('STOPPING', '1');
      assign('EXTEND_TIMEOUT_USEC', String(Math.ceil(withinMs) * 1000));
    },
  };
}
