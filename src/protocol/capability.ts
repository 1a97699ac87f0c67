// Capabilities: what an agent says it can do, and what a dashboard offers for it (REQUIREMENTS, capability map; PROTOCOL.md §1.9).

export interface CapabilityCommand {
  readonly command_type: string;
  readonly label: string;
  readonly icon: string;
  readonly scope: 'container' | 'deployment';
  /** The capability string an agent must advertise for the command to be offered. */
  readonly requires: string;
}

export const CAPABILITY_MAP: readonly CapabilityCommand[] = [
  { command_type: 'restart', label: 'Restart', icon: 'fas fa-redo', scope: 'container', requires: 'docker' },
  { command_type: 'start', label: 'Start', icon: 'fas fa-play', scope: 'container', requires: 'docker' },
  { command_type: 'stop', label: 'Stop', icon: 'fas fa-stop', scope: 'container', requires: 'docker' },
  { command_type: 'pause', label: 'Pause', icon: 'fas fa-pause', scope: 'container', requires: 'docker' },
  { command_type: 'logs', label: 'Logs', icon: 'fas fa-file-alt', scope: 'container', requires: 'logs' },
  { command_type: 'rebuild', label: 'Rebuild Stack', icon: 'fas fa-sync', scope: 'deployment', requires: 'compose' },
  { command_type: 'backup', label: 'Backup', icon: 'fas fa-download', scope: 'deployment', requires: 'backup' },
  // Not in the original map: an agent promises it only where its owner allows it.
  {
    command_type: 'update_agent',
    label: 'Update Agent',
    icon: 'fas fa-arrow-up',
    scope: 'deployment',
    requires: 'agent_update',
  },
];
