/**
 * What the agent keeps in its data directory over a restart: its X509-SVID and the bundle by which
 * it knows the server. Keys are the key manager's; workloads' SVIDs are not kept.
 */

import { rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure, reasonOf } from '../../runtime/failure.ts'
import {
  lstatIfThere,
  makeDirectory,
  readFileIfThere,
  writeFileAtomic,
} from '../../runtime/files.ts'

const fileName = 'agent-data.json'

/** Certificates are DER in base64. */
const content = z.strictObject({
  trust_domain: z.string(),
  svid: z
    .strictObject({ chain: z.array(z.string()).min(1).max(16), reattestable: z.boolean() })
    .optional(),
  bundle: z.array(z.string()).max(1024).optional(),
})

export interface AgentData {
  readonly svid:
    | { readonly chain: readonly Uint8Array[]; readonly isReattestable: boolean }
    | undefined
  /** DER of each X.509 authority. */
  readonly bundle: readonly Uint8Array[] | undefined
}

/** The file, with writes in the order in which they were asked for. */
export class AgentDataFile {
  readonly #file: string
  readonly #trustDomain: string
  #data: AgentData
  #written: Promise<void> = Promise.resolve()

  private constructor(file: string, trustDomain: string, data: AgentData) {
    this.#file = file
    this.#trustDomain = trustDomain
    this.#data = data
  }

  /** Makes the directory where it is missing. @throws {Failure} when others could replace the file. */
  static async open(directory: string, trustDomain: string): Promise<AgentDataFile> {
    await ensureOwnDirectory(directory)
    const file = path.join(directory, fileName)
    const bytes = await readFileIfThere(file)
    const nothing = { svid: undefined, bundle: undefined }
    const data = bytes === undefined ? nothing : read(file, bytes, trustDomain)
    return new AgentDataFile(file, trustDomain, data)
  }

  get data(): AgentData {
    return this.#data
  }

  /** Resolves when the change is on disk. */
  async update(change: Partial<AgentData>): Promise<void> {
    this.#data = { ...this.#data, ...change }
    const { svid, bundle } = this.#data
    const text = JSON.stringify({
      trust_domain: this.#trustDomain,
      ...(svid && { svid: { chain: svid.chain.map(base64), reattestable: svid.isReattestable } }),
      ...(bundle && { bundle: bundle.map(base64) }),
    })
    await this.#afterOthers(() => writeFileAtomic(this.#file, `${text}\n`))
  }

  /** Forgets all of it. */
  async wipe(): Promise<void> {
    this.#data = { svid: undefined, bundle: undefined }
    await this.#afterOthers(() => rm(this.#file, { force: true }))
  }

  async #afterOthers(write: () => Promise<void>): Promise<void> {
    const before = this.#written
    // A failed write is reported to whoever asked for it; the next one replaces the whole file.
    const mine = before.then(write, write)
    this.#written = mine
    await mine
  }
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}

function read(file: string, bytes: Buffer, trustDomain: string): AgentData {
  let parsed: z.infer<typeof content>
  try {
    parsed = content.parse(JSON.parse(bytes.toString()))
  } catch (error) {
    throw new Failure('corrupt', `${file} cannot be read: ${reasonOf(error)}`, {
      cause: error,
      hint: 'remove it and attest the agent anew',
    })
  }
  if (parsed.trust_domain !== trustDomain)
    throw new Failure(
      'invalid-configuration',
      `${file} belongs to an agent of trust domain ${JSON.stringify(parsed.trust_domain)}, not ${trustDomain}`,
      { hint: 'configure another data_dir' },
    )
  const der = (text: string): Uint8Array => Buffer.from(text, 'base64')
  return {
    svid: parsed.svid && {
      chain: parsed.svid.chain.map(der),
      isReattestable: parsed.svid.reattestable,
    },
    bundle: parsed.bundle?.map(der),
  }
}

/** The bundle decides whom the agent trusts, so nobody else may be able to replace it. */
async function ensureOwnDirectory(directory: string): Promise<void> {
  const found = await lstatIfThere(directory)
  if (found === undefined) {
    await makeDirectory(directory, 0o700)
    return
  }
  if (!found.isDirectory())
    throw new Failure('invalid-configuration', `${directory} is not a directory`)
  const isOurs = found.uid === process.geteuid?.() || found.uid === 0
  if (!isOurs || (found.mode & 0o022) !== 0)
    throw new Failure('invalid-configuration', `others may write into ${directory}`, {
      hint: `chown it to the agent's user and chmod go-w ${directory}`,
    })
}
