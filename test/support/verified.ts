/** A proxy's record: what `audit verify` proves of it, and what stands in it. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
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

/** Verifies one proxy's record with a bundle history; the exported one unless told. */
export async function verified(
  world: World,
  dataFolder: string,
  history?: string,
): Promise<Verification> {
  const trust = ['-history', history ?? (await world.history())]
  const words = ['audit', 'verify', '-dir', dataFolder, ...trust, '-output', 'json']
  const { out, err } = await world.offline(...words)
  if (!out.startsWith('{')) throw new Error(err)
  return verification.parse(JSON.parse(out))
}

/** What these tests look at in a record. */
const record = z.object({
  kind: z.string(),
  decisionId: z.string().optional(),
  verdict: z.string().optional(),
  reason: z.string().optional(),
  ended: z.string().optional(),
  cutBytes: z.number().optional(),
  caller: z
    .object({
      spiffeId: z.string(),
      svid: z.object({ serial: z.string(), issuerKeyId: z.string() }).optional(),
    })
    .optional(),
})
export type KeptRecord = z.infer<typeof record>
const line = z.object({ record })

/** Every record of a proxy, chain after chain. */
export function recordsIn(dataFolder: string): KeptRecord[] {
  const folder = path.join(dataFolder, 'record')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'))
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)).record)
}
