/** Attested nodes: the agents that may speak to the server, by SPIFFE ID. */

import { z } from 'zod'
import type { SpiffeId } from '../../../spiffe/spiffe-id.ts'
import { Collection } from './collection.ts'
import { dateText, jsonCodec, selectorSchema, spiffeIdText } from './json-codec.ts'

export interface AttestedNode {
  readonly id: SpiffeId
  /** Type of the node attestor, such as `join_token`. */
  readonly attestationType: string
  /** Serial of the X509-SVID in use, lower-case hex; empty when banned. */
  readonly serial: string
  readonly notAfter: Date
  /** The renewed SVID that has not been used yet: both are good until it is. */
  readonly pending?: { readonly serial: string; readonly notAfter: Date } | undefined
  readonly selectors: readonly { readonly type: string; readonly value: string }[]
  readonly banned: boolean
  readonly canReattest: boolean
  /** What the agent says of itself; empty when it has not. */
  readonly agentVersion: string
  /** When it was first attested; attesting again does not change it. */
  readonly attestedAt: Date
}

const schema: z.ZodType<AttestedNode> = z.strictObject({
  id: spiffeIdText,
  attestationType: z.string(),
  serial: z.string(),
  notAfter: dateText,
  pending: z.strictObject({ serial: z.string(), notAfter: dateText }).optional(),
  selectors: z.array(selectorSchema),
  banned: z.boolean(),
  canReattest: z.boolean(),
  agentVersion: z.string(),
  attestedAt: dateText,
})

export const agents = new Collection<AttestedNode>({
  name: 'agent',
  codec: jsonCodec(schema),
  idOf: ({ id }) => [id],
})
