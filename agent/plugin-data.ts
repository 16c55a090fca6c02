/** The settings of each plugin of the agent, by kind and name: the `plugin_data` of a configuration. */

import { z } from 'zod'

export const pluginData = {
  NodeAttestor: { join_token: z.strictObject({}) },
  KeyManager: {
    disk: z.strictObject({ directory: z.string().min(1).optional() }),
    memory: z.strictObject({}),
  },
  WorkloadAttestor: {
    unix: z.strictObject({
      discover_workload_path: z.boolean().default(false),
      workload_size_limit: z.int().default(0),
    }),
  },
} as const
