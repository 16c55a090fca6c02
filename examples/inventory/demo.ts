/**
 * The inventory story, end to end with real processes:
 *
 *     three agents -> proxy -> mutual TLS -> proxy -> an MCP server with four tools
 *
 * Each step is a matrix of callers by tools, judged by the MCP server's own call counter and data.
 * The exit code is not 0 when one cell differs from what was expected.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  bad,
  type Cell,
  detail,
  good,
  matrix,
  print,
  quiet,
  type Row,
  shell,
  step,
} from './screen.ts'
import { type AgentName, agentNames, createWorld, type World } from './world.ts'

const tools = ['get_inventory', 'get_schema', 'update_stock', 'drop_table'] as const
const none: readonly string[] = []
const oneUid = 'not separated (one uid)'

const openPolicy = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata:
  name: open
spec:
  app: inventory
  rules:
    - callers: "*"
      mcp: "*"
`

const grants = {
  reporter: ['get_inventory', 'get_schema'],
  buyer: ['get_inventory', 'update_stock'],
  assistant: ['get_inventory'],
} as const satisfies Record<AgentName, readonly string[]>

const toolPolicy = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata:
  name: inventory-tools
spec:
  app: inventory
  rules:
${agentNames
  .map(
    (name) => `    - callers: [${name}]
      mcp: {tools: [${grants[name].join(', ')}]}
`,
  )
  .join('')}  tests:
    - {caller: assistant, call: {mcp: {tool: drop_table}}, expect: deny}
    - {caller: buyer, call: {mcp: {tool: update_stock}}, expect: allow}
`

const proxyAt = process.argv.indexOf('--proxy')
const proxyWords = proxyAt < 0 ? [] : process.argv.slice(proxyAt + 1)

let wrong = 0
print(`${quiet('starting a server, an agent, two proxies and an MCP server ...')}\n`)
const started = Date.now()
const world = await createWorld(proxyWords)
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    void world.close().finally(() => process.exit(130))
  })
// A reader that has gone (`| head`) ends the demo, and nothing stays behind.
process.stdout.once('error', () => {
  void world.close().finally(() => process.exit(1))
})
try {
  print(quiet(`ready in ${((Date.now() - started) / 1000).toFixed(1)} s`))
  print(
    quiet(world.separated ? ', each program with its own uid\n' : ', told apart by executable\n'),
  )
  await story(world)
} finally {
  await world.close()
}
print(
  wrong === 0
    ? `\n${good('every cell as expected')}: who called was attested, what they may do was decided, what they did is proved.\n`
    : `\n${bad(`${wrong} differ from what was expected`)}\n`,
)
process.exitCode = wrong === 0 ? 0 : 1

async function story(world: World): Promise<void> {
  step('Open', 'An explicit policy that lets every identity call every tool: nothing is implied.')
  await apply(world, 'open.yaml', openPolicy)
  const all = await rows(world, () => tools)
  expect(
    'the table is gone, because a tool that deletes it was allowed',
    world.state().rows === null,
  )
  wrong += matrix(tools, all)

  step('Deny all', 'One command, in force at once: no caller reaches the server.')
  await world.reseed()
  await policy(world, 'policy', 'deny-all', 'inventory')
  wrong += matrix(tools, await rows(world, () => none))

  step('Per agent, per tool', 'Each agent gets the tools that its work needs, and no other.')
  await apply(world, 'inventory-tools.yaml', toolPolicy)
  let decision = ''
  const granted: Row[] = []
  for (const name of agentNames) {
    const { row, report } = await call(world, name, name, grants[name])
    granted.push(row)
    decision = /decision (\S+)/.exec(report.results['drop_table'] ?? '')?.[1] ?? decision
    expect(
      `${name} is shown ${report.shown.join(', ')}`,
      report.shown.join() === grants[name].join(),
    )
  }
  wrong += matrix(tools, granted)
  expect('the buyer set 99 apples, and the table stands', world.state().rows?.['apples'] === 99)

  step(
    'An impostor',
    "Another process with the buyer's whole configuration: the same URL, the same program.",
  )
  const copied = await call(world, 'impostor', 'copied configuration', none)
  const stolen: Row = world.separated
    ? (await call(world, 'impostor', "the buyer's interpreter", none)).row
    : exempt("the buyer's interpreter")
  wrong += matrix(tools, [copied.row, stolen])

  step('A jailbroken agent', "It was told to go around the proxy, straight to the server's socket.")
  const direct: Row = world.separated
    ? (await call(world, 'assistant', 'assistant, direct', none, world.serverSocket)).row
    : exempt('assistant, direct')
  wrong += matrix(tools, [direct])

  step(
    'Why was it denied?',
    'The refusal that the assistant got for drop_table, from its decision id.',
  )
  expect('the denied agent was given a decision id', decision !== '')
  await proved(world, decision)
}

/** Runs one agent through all four tools and counts at the server. */
async function call(
  world: World,
  name: AgentName | 'impostor',
  label: string,
  allowed: readonly string[],
  target = world.url,
) {
  const before = world.state().calls
  const report = await world.agent(name, target)
  const after = world.state().calls
  const cells = tools.map((tool): Cell => {
    const ran = (after[tool] ?? 0) - (before[tool] ?? 0)
    return { ran, expected: allowed.includes(tool) ? 1 : 0 }
  })
  return { row: { name: label, cells }, report }
}

async function rows(world: World, allowed: (name: AgentName) => readonly string[]): Promise<Row[]> {
  const found: Row[] = []
  for (const name of agentNames) found.push((await call(world, name, name, allowed(name))).row)
  return found
}

function exempt(name: string): Row {
  return { name, cells: tools.map(() => ({ ran: 0, expected: 0, exempt: oneUid })) }
}

async function proved(world: World, decision: string): Promise<void> {
  shell(['why', decision])
  const why = await world.countersign('why', decision, '--dir', world.recordFolder)
  detail(why.out + why.err)
  expect('the denial is explained', why.code === 0 && why.out.includes('drop_table'))

  step(
    'Prove it',
    'Every decision is chained and signed; anyone with the bundle can check it offline.',
  )
  const verify = ['audit', 'verify', '--dir', world.recordFolder, '--bundle', world.bundleFile]
  shell(['audit', 'verify', '--bundle', 'bundle.pem'])
  const before = await verified(world, verify)
  expect('the record is intact', before.code === 0 && before.out.includes('intact'))

  step('Change one byte', 'Of one recorded decision, the smallest change there is.')
  if (before.code !== 0) {
    expect('there is a record to change', false)
    return
  }
  flipOneByte(world.recordFolder)
  shell(['audit', 'verify', '--bundle', 'bundle.pem'])
  const after = await verified(world, verify)
  expect(
    'the changed record is found',
    after.code === 1 && /record \d+/.test(after.out + after.err),
  )
}

async function verified(world: World, words: readonly string[]) {
  const answer = await world.offline(...words)
  detail(answer.out + answer.err)
  return answer
}

/** Changes one character of a tool's name in the middle of the largest chain. */
function flipOneByte(folder: string): void {
  const [file] = readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((name) => name.endsWith('.jsonl'))
    .sort((a, b) => readFileSync(b).length - readFileSync(a).length)
  if (file === undefined) throw new Error(`no record in ${folder}`)
  const bytes = readFileSync(file)
  const at = bytes.indexOf('drop_table', Math.floor(bytes.length / 3))
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(file, bytes)
}

async function apply(world: World, name: string, source: string): Promise<void> {
  const file = path.join(world.folder, name)
  writeFileSync(file, source)
  // One policy protects the app at a time here: what is not applied again goes.
  await policy(world, 'policy', 'apply', file)
}

async function policy(world: World, ...words: string[]): Promise<void> {
  shell(words.map((word) => path.basename(word)))
  const { code, out, err } = await world.policy(...words)
  if (code !== 0) throw new Error(err)
  detail(out)
}

function expect(what: string, holds: boolean): void {
  if (!holds) wrong++
  print(`     ${holds ? good('as expected') : bad('NOT SO')}: ${what}\n`)
}
