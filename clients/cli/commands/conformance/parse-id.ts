/** `conformance parse-id`: `{id, input}`, is the input a SPIFFE ID? */

import { z } from 'zod'
import { parseSpiffeId, pathOf, trustDomainOf } from '../../../../spiffe/spiffe-id.ts'
import { type Accepted, conformanceCommand } from './case-runner.ts'

/** A case. */
export const idCase = z.object({ input: z.string() })

/** Accepts a SPIFFE ID. Throws `SpiffeError`. */
export function judgeId({ input }: z.output<typeof idCase>): Accepted {
  const id = parseSpiffeId(input)
  return { spiffeId: id, detail: `${trustDomainOf(id)}|${pathOf(id)}` }
}

export const command = conformanceCommand(
  { name: 'parse-id', summary: 'Judges SPIFFE IDs' },
  idCase,
  judgeId,
)
