// Registration: the two ways an agent gets an identity (REQUIREMENTS A1, PROTOCOL.md §1.1 and §1.2).
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { agentId, agentToken, deploymentHash } from './text.ts';

/** What a server can be recognised by; nothing personal and nothing secret. */
export const serverFingerprint = z.object({
  hostname: z.string().max(255),
  os: z.string().max(255),
  arch: z.string().max(32),
  cpu_count: z.int().min(0).max(65_536),
  ram_mb: z
    .int()
    .min(0)
    .max(2 ** 31),
  machine_id_hash: z.string().max(64).optional(),
});
export type ServerFingerprint = z.infer<typeof serverFingerprint>;

/** `POST /api/v1/marketplace/agents/register`. */
export const marketplaceRegisterRequest = z.object({
  purchase_token: z.string().min(1).max(LIMITS.purchaseTokenMaxChars),
  server_fingerprint: serverFingerprint,
  stack_id: z.string().min(1).max(LIMITS.stackIdMaxChars),
});

export const marketplaceRegisterAnswer = z.object({
  agent_id: agentId,
  agent_token: agentToken,
  deployment_hash: deploymentHash,
  dashboard_url: z.string().max(LIMITS.urlMaxChars).nullish(),
});

/** `POST /api/v1/agent/register`: all four fields are required by the production server, `system_info` as any JSON. */
export const agentRegisterRequest = z.object({
  deployment_hash: deploymentHash,
  capabilities: z.array(z.string().min(1).max(LIMITS.capabilityMaxChars)).max(LIMITS.capabilitiesMaxCount),
  system_info: serverFingerprint,
  agent_version: z.string().min(1).max(LIMITS.agentVersionMaxChars),
});
export type AgentRegisterRequest = z.infer<typeof agentRegisterRequest>;

/** The production server nests this under `data.item`. */
export const agentRegisterAnswer = z.object({
  data: z.object({
    item: z.object({
      agent_id: agentId,
      agent_token: agentToken,
      dashboard_version: z.string().max(50).nullish(),
      supported_api_versions: z.array(z.string().max(20)).max(20).nullish(),
    }),
  }),
});
