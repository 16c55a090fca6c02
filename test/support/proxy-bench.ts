/**
 * Two proxies in this process, one beside the callers and one beside an app, with mutual TLS between
 * them, a fake agent and real records in a temporary folder.
 */

import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkpointSigner } from '../../audit/checkpoint.ts'
import { ProxyAgent } from '../../proxy/agent/proxy-agent.ts'
import { proxyConfig } from '../../proxy/config.ts'
import { type RunningProxy, startProxy } from '../../proxy/proxy.ts'
import { bootId } from '../../proxy/record/boot-id.ts'
import { type Journal, openJournal } from '../../proxy/record/journal.ts'
import { systemClock } from '../../runtime/clock.ts'
import { silentLogger } from '../../runtime/log.ts'
import { parseSpiffeId } from '../../spiffe/spiffe-id.ts'
import { FakeAgent } from './fake-agent.ts'
import { TestCa } from './test-ca.ts'

export const appId = 'spiffe://example.org/ns/default/tools'
export const callerId = 'spiffe://example.org/ns/default/weather'

export interface BenchOptions {
  /** Where the app listens: a port of 127.0.0.1 or a Unix socket. */
  readonly upstream: { readonly tcp: string } | { readonly unix: string }
  readonly policies: string
  readonly protocol?: 'mcp' | 'http'
  readonly authorization?: 'forward' | 'strip'
  readonly limits?: Readonly<Record<string, number | string>>
  readonly svidMs?: number
  readonly caller?: string
  /** Where the outbound side looks for the app; the inbound side unless told. */
  readonly address?: string
  /** A new authority unless told. */
  readonly ca?: TestCa
}

export interface Bench {
  readonly agent: FakeAgent
  readonly ca: TestCa
  /** Changes whom the agent takes local callers for; undefined for nobody. */
  callerIs(id: string | undefined): void
  /** Changes whom the agent takes the app's process for. */
  appIs(id: string | undefined): void
  /** Ports of the two listeners. */
  readonly inboundPort: number
  readonly outboundPort: number
  /** Ends one side as SIGTERM would, with this grace. */
  stop(side: 'inbound' | 'outbound', grace: AbortSignal): Promise<void>
  /** From now on one side cannot record anything. */
  closeRecord(side: 'inbound' | 'outbound'): Promise<void>
  /** Each record of one side's chain, in order. */
  records(side: 'inbound' | 'outbound'): Promise<readonly BenchRecord[]>
  close(): Promise<void>
}

/** A line of a record, as far as these tests look at it. */
export interface BenchRecord {
  readonly kind: string
  readonly decisionId?: string
  readonly verdict?: string
  readonly reason?: string
  readonly ended?: string
  readonly status?: number
  readonly caller?: { readonly spiffeId: string }
  readonly callee?: { readonly spiffeId: string }
  readonly mcp?: { readonly method: string; readonly tool?: string }
  readonly http?: { readonly method: string; readonly path: string }
}

/** Begins everything; close it after the test. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proxy-bench-'))
  const { ca = new TestCa('example.org') } = options
  let caller: string | undefined = options.caller ?? callerId
  let app: string | undefined = appId
  const socket = path.join(folder, 'agent.sock')
  const agent = new FakeAgent({
    path: socket,
    ca,
    who: ({ connection }) => (connection === 'tcpClient' ? caller : app),
    ...(options.svidMs === undefined ? {} : { svidMs: options.svidMs }),
  })
  await agent.start()
  await agent.setPolicies(options.policies)
  const common = {
    trust_domain: 'example.org',
    agent_socket_path: path.join(folder, 'api.sock'),
    agent_proxy_socket_path: socket,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  }
  const { protocol = 'mcp', authorization = 'strip' } = options
  const inbound = await open('inbound', {
    inbound: [
      { app: 'tools', listen: '127.0.0.1:0', protocol, authorization, upstream: options.upstream },
    ],
  })
  const inboundPort = inbound.proxy.inbound[0]?.port ?? 0
  const outbound = await open('outbound', {
    outbound: [
      {
        app: 'tools',
        listen: '127.0.0.1:0',
        address: options.address ?? `127.0.0.1:${inboundPort}`,
      },
    ],
  })

  async function open(name: string, listeners: object): Promise<Side> {
    const data = path.join(folder, name)
    const parsed = proxyConfig.parse({ proxy: { ...common, data_dir: data, ...listeners } })
    const own = ca.svid(`/proxy/${name}`)
    const journal = await openJournal(
      {
        directory: path.join(data, 'record'),
        writer: parseSpiffeId(`spiffe://example.org/proxy/${name}`),
        durability: 'written',
      },
      { certificates: own.chain, sign: checkpointSigner(own.key) },
      {
        clock: systemClock,
        randomBytes,
        boot: bootId(),
        onCheckpoint: () => undefined,
        onProblem: () => undefined,
      },
    )
    const proxyAgent = new ProxyAgent(socket)
    const proxy = await startProxy(parsed.settings, {
      agent: proxyAgent,
      journal,
      clock: systemClock,
      log: silentLogger,
    })
    return {
      proxy,
      journal,
      directory: path.join(data, 'record'),
      close: async () => {
        await proxy.close(AbortSignal.abort())
        await journal.close()
        proxyAgent.close()
      },
    }
  }

  return {
    agent,
    ca,
    callerIs: (id) => {
      caller = id
    },
    appIs: (id) => {
      app = id
    },
    inboundPort,
    outboundPort: outbound.proxy.outbound[0]?.port ?? 0,
    stop: async (side, grace) => {
      await (side === 'inbound' ? inbound : outbound).proxy.close(grace)
    },
    closeRecord: async (side) => {
      await (side === 'inbound' ? inbound : outbound).journal.close()
    },
    records: async (side) => await readRecords((side === 'inbound' ? inbound : outbound).directory),
    close: async () => {
      await outbound.close()
      await inbound.close()
      await agent.stop()
      await rm(folder, { recursive: true })
    },
  }
}

interface Side {
  readonly proxy: RunningProxy
  readonly journal: Journal
  readonly directory: string
  close(): Promise<void>
}

async function readRecords(directory: string): Promise<BenchRecord[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'))
  const texts = await Promise.all(names.map((name) => readFile(path.join(directory, name), 'utf8')))
  return texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '')
    .map((line) => readLine(line))
}

/** A line is the record and its hash; only the record is looked at. */
function readLine(line: string): BenchRecord {
  const { record } = JSON.parse(line) as { readonly record: BenchRecord }
  return record
}
