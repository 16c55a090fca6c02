/**
 * Which local process is at the other end of a connection that another process holds, and when it
 * ceases to be: DESIGN "Whose identity" and docs/local-peers.md.
 *
 * The agent asks on behalf of a proxy: the proxy describes its connection, the processes that hold
 * the other end are found, held and attested, and the answer is one identity or a refusal. An
 * answer lasts until `ended`: whoever got it must then stop using the connection.
 */
import { loop } from '../../runtime/loop.ts'
import type { Peer } from '../../runtime/peer-credentials.ts'
import type { TcpConnection, UnixConnection } from '../../runtime/socket-facts.ts'
import {
  type Attest,
  type LocalIdentity,
  type Named,
  nameProcesses,
  type Parts,
} from './attribution.ts'
import { type Capabilities, capabilitiesOfThisProcess } from './capabilities.ts'
import { lookAtTcp, lookAtUnix, type Pair, type Unaccepted } from './far-end.ts'
import { HolderScan } from './holder-scan.ts'
import { KnownProcesses } from './known-processes.ts'
import { ProcessEvents } from './process-events.ts'
import { ProgramAge } from './program-age.ts'
import { type Refused, refused } from './refusal.ts'
import { SockDiag } from './sock-diag.ts'
import { tupleOf } from './tuple.ts'
import { Turns } from './turns.ts'

/** The processes at the other end, all of one identity. */
export interface Attributed<Identity extends LocalIdentity> {
  readonly kind: 'attributed'
  readonly identity: Identity
  readonly pids: readonly number[]
  /** Aborted when one of the processes is gone, runs another program or is another user. */
  readonly ended: AbortSignal
}

export interface LocalPeersOptions {
  /** Whether the kernel is asked to tell of each exec; true unless a test wants to do without. */
  readonly listensToProcessEvents?: boolean
}

const limits = { atOnce: 64, waiting: 1024, answerMs: 10_000 } as const

/** How often processes are looked at where the kernel does not tell of an exec. */
const checkEveryMs = 1_000

/**
 * Finds processes until it is closed. In each method `caller` is who asks, and must hold the end
 * that is described; `attest` is called once or more for every process that holds the other end;
 * `signal` ends the search and, after an answer, the watching of its processes.
 *
 * The methods reject with the signal's reason, or with what `attest` rejects with.
 */
export class LocalPeers {
  readonly #diag = new SockDiag()
  readonly #known = new KnownProcesses()
  readonly #scan = new HolderScan()
  readonly #turns = new Turns(limits.atOnce, limits.waiting)
  readonly #closed = new AbortController()
  readonly #events: ProcessEvents
  readonly #parts: Parts
  readonly #capabilities: Capabilities
  readonly #checking: Promise<void>

  constructor({ listensToProcessEvents = true }: LocalPeersOptions = {}) {
    this.#events = new ProcessEvents(
      {
        changed: (pid) => this.#known.check(pid),
        lost: () => void this.#known.checkAll(),
      },
      listensToProcessEvents,
    )
    this.#capabilities = capabilitiesOfThisProcess(this.#events.isListening)
    this.#parts = {
      known: this.#known,
      scan: this.#scan,
      age: new ProgramAge(this.#events),
      comparesInodesOnly: !this.#capabilities.socketCookies,
    }
    this.#checking = this.#events.isListening
      ? Promise.resolve()
      : loop(async () => {
          await this.#known.checkAll()
          return checkEveryMs
        }, this.#closed.signal)
  }

  /** Who opened the TCP connection that the caller accepted: procedure A. */
  async client<Identity extends LocalIdentity>(
    caller: Peer,
    connection: TcpConnection,
    attest: Attest<Identity>,
    signal: AbortSignal,
  ): Promise<Attributed<Identity> | Refused> {
    return await this.#tcp(caller, connection, attest, signal)
  }

  /**
   * Who accepted the TCP connection that the caller opened: procedure C. Waits a while for it to be
   * accepted. The caller must not have sent anything.
   */
  async upstreamTcp<Identity extends LocalIdentity>(
    caller: Peer,
    connection: TcpConnection,
    attest: Attest<Identity>,
    signal: AbortSignal,
  ): Promise<Attributed<Identity> | Refused> {
    return await this.#tcp(caller, connection, attest, signal)
  }

  /** Who accepted the Unix connection that the caller opened: procedure D, otherwise as above. */
  async upstreamUnix<Identity extends LocalIdentity>(
    caller: Peer,
    connection: UnixConnection,
    attest: Attest<Identity>,
    signal: AbortSignal,
  ): Promise<Attributed<Identity> | Refused> {
    const look = (): Pair | Unaccepted | Refused => lookAtUnix(this.#diag, connection)
    return await this.#answer(caller, connection, look, attest, signal)
  }

  /** What can be found out, by the privileges of this process. */
  capabilities(): Capabilities {
    return this.#capabilities
  }

  /** Ends every search and every watch: all answers count as ended. */
  async close(): Promise<void> {
    this.#closed.abort(new Error('the search for local peers is closed'))
    this.#events.close()
    this.#known.close()
    await Promise.all([this.#scan.close(), this.#checking])
    this.#diag.close()
  }

  async #tcp<Identity extends LocalIdentity>(
    caller: Peer,
    connection: TcpConnection,
    attest: Attest<Identity>,
    signal: AbortSignal,
  ): Promise<Attributed<Identity> | Refused> {
    const tuple = tupleOf(connection)
    if (tuple === undefined) return refused('malformed')
    const look = (): Pair | Unaccepted | Refused => lookAtTcp(this.#diag, tuple, connection.cookie)
    return await this.#answer(caller, connection, look, attest, signal)
  }

  async #answer<Identity extends LocalIdentity>(
    caller: Peer,
    { establishedNs, descriptor }: TcpConnection | UnixConnection,
    look: () => Pair | Unaccepted | Refused,
    attest: Attest<Identity>,
    signal: AbortSignal,
  ): Promise<Attributed<Identity> | Refused> {
    const deadline = AbortSignal.timeout(limits.answerMs)
    const stop = AbortSignal.any([signal, deadline, this.#closed.signal])
    const question = { caller, descriptor, establishedNs, attest, look }
    try {
      const answer = await this.#turns.take(async () => {
        stop.throwIfAborted()
        return await nameProcesses(question, this.#parts, stop)
      })
      if (answer === undefined) return refused('busy')
      return answer.kind === 'named' ? watch(answer, signal) : answer
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) return refused('timed-out')
      throw error
    }
  }
}

/** Keeps hold of the processes until one of them ends or changes, or the asker has gone. */
function watch<Identity extends LocalIdentity>(
  { identity, processes }: Named<Identity>,
  signal: AbortSignal,
): Attributed<Identity> {
  const ended = new AbortController()
  const stop: (() => void)[] = []
  let isOver = false
  const over = (): void => {
    if (isOver) return
    isOver = true
    signal.removeEventListener('abort', over)
    for (const stopOne of stop) stopOne()
    for (const process of processes) process.release()
  }
  for (const process of processes)
    stop.push(
      process.whenGone(() => {
        over()
        ended.abort(new Error('the process is gone or has changed'))
      }),
    )
  if (signal.aborted) over()
  else signal.addEventListener('abort', over, { once: true })
  const pids = processes.map(({ peer }) => peer.pid)
  return { kind: 'attributed', identity, pids, ended: ended.signal }
}
