/** The agent's half of the node attestor `join_token`: a token that the server made, good for once. */

import { readFile } from 'node:fs/promises'
import { Failure, reasonOf } from '../../../runtime/failure.ts'
import type { AgentNodeAttestor } from '../node-attestor.ts'
import { joinTokenPayload, joinTokenType, maxJoinTokenBytes } from './payload.ts'

export interface JoinTokenSource {
  readonly token?: string | undefined
  /** Read when needed; surrounding white space does not count. */
  readonly tokenFile?: string | undefined
}

export class JoinTokenAttestor implements AgentNodeAttestor {
  readonly type = joinTokenType
  readonly #source: JoinTokenSource

  constructor(source: JoinTokenSource) {
    this.#source = source
  }

  async payload(): Promise<Uint8Array> {
    const token = joinTokenPayload(this.#source.token ?? (await this.#fromFile()))
    if (token.length === 0)
      throw new Failure('invalid-configuration', 'join token was not provided', {
        hint: 'make one with: countersign server token generate -spiffeID spiffe://...',
      })
    if (token.length > maxJoinTokenBytes)
      throw new Failure('invalid-configuration', `join token is over ${maxJoinTokenBytes} bytes`)
    return token
  }

  respond(): Promise<Uint8Array> {
    return Promise.reject(
      new Failure('protocol-error', 'expected no challenge from the server for a join token'),
    )
  }

  async #fromFile(): Promise<string> {
    const { tokenFile } = this.#source
    if (tokenFile === undefined) return ''
    try {
      return (await readFile(tokenFile, 'utf8')).trim()
    } catch (error) {
      throw new Failure(
        'invalid-configuration',
        `cannot read the join token file ${tokenFile}: ${reasonOf(error)}`,
        { cause: error },
      )
    }
  }
}
