/**
 * The workload attestor `unix`: the user and groups of a process, and where wanted the path and
 * hash of its executable. SPIRE's selectors, from the effective ids of `/proc/<pid>/status`.
 *
 * Path and hash name the program file that runs: for a script that is its interpreter.
 */

import { open, readlink } from 'node:fs/promises'
import { type Selector, selectorText } from '../../registration/selector.ts'
import { Failure } from '../../runtime/failure.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'
import { statusOf } from '../../runtime/proc.ts'
import { AccountNames } from './account-names.ts'
import { ExecutableHash } from './executable-hash.ts'
import type { WorkloadAttestor } from './workload-attestor.ts'

export interface UnixAttestorOptions {
  /** Whether path and hash are wanted. */
  readonly discoverWorkloadPath: boolean
  /** Executables over this many bytes fail the attestation; 0 is no limit, below 0 never hashes. */
  readonly workloadSizeLimitBytes: number
}

export class UnixAttestor implements WorkloadAttestor {
  readonly type = 'unix'
  readonly #options: UnixAttestorOptions
  readonly #users = new AccountNames('/etc/passwd')
  readonly #groups = new AccountNames('/etc/group')
  readonly #hash = new ExecutableHash()

  constructor(options: UnixAttestorOptions) {
    this.#options = options
  }

  async attest(peer: Peer, signal: AbortSignal): Promise<readonly Selector[]> {
    const { uids, gids, groups } = statusOf(peer.pid)
    const values = [
      `uid:${uids.effective}`,
      ...named('user', this.#users.nameOf(uids.effective)),
      `gid:${gids.effective}`,
      ...named('group', this.#groups.nameOf(gids.effective)),
      ...groups.flatMap((gid) => [
        `supplementary_gid:${gid}`,
        ...named('supplementary_group', this.#groups.nameOf(gid)),
      ]),
    ]
    if (this.#options.discoverWorkloadPath) values.push(...(await this.#program(peer, signal)))
    return unique(values.map((value) => ({ type: this.type, value })))
  }

  async close(): Promise<void> {
    await this.#hash.close()
  }

  async #program(peer: Peer, signal: AbortSignal): Promise<string[]> {
    const link = `/proc/${peer.pid}/exe`
    const path = await readlink(link)
    const { workloadSizeLimitBytes: limit } = this.#options
    if (limit < 0) return [`path:${path}`]
    // The link leads to the file that runs, also where another one has its path by now.
    const file = await open(link, 'r')
    try {
      const found = await file.stat({ bigint: true })
      const { device, inode } = peer.fingerprint.executable
      if (found.dev !== device || found.ino !== inode)
        throw new Failure('unavailable', 'the process runs another program by now')
      if (limit > 0 && found.size > limit)
        throw new Failure(
          'failed-precondition',
          `workload ${path} exceeds size limit (${found.size} > ${limit})`,
        )
      return [`path:${path}`, `sha256:${await this.#hash.of(file, found, signal)}`]
    } finally {
      await file.close()
    }
  }
}

function named(kind: string, name: string | undefined): string[] {
  return name === undefined ? [] : [`${kind}:${name}`]
}

function unique(selectors: readonly Selector[]): Selector[] {
  return [...new Map(selectors.map((selector) => [selectorText(selector), selector])).values()]
}
