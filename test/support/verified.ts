/** `audit verify` as a command, and what it proved. */

import { z } from 'zod'
import type { World } from './world.ts'

const report = z.object({
  verdict: z.enum(['intact', 'faulty']),
  decisions: z.object({ allow: z.number(), deny: z.number() }),
  unknownOutcomes: z.number(),
  unsigned: z.number(),
  lost: z.number(),
  unfinishedBytes: z.number(),
  records: z.number(),
})

const verification = z.object({
  verdict: z.enum(['intact', 'faulty']),
  files: z.array(z.object({ file: z.string(), report })),
})
export type Verification = z.infer<typeof verification>

/** Verifies one proxy's record with the exported bundle history. */
export async function verified(world: World, dataFolder: string): Promise<Verification> {
  const history = await world.history()
  const words = ['audit', 'verify', '-dir', dataFolder, '-history', history, '-output', 'json']
  const { out, err } = await world.offline(...words)
  if (!out.startsWith('{')) throw new Error(err)
  return verification.parse(JSON.parse(out))
}
