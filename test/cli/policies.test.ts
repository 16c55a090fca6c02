/** `policy apply`, `get`, `delete` and `deny-all`, as they are typed and as they answer. */

import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { IdentityPlane } from '../support/identity-plane.ts'
import { Transcript } from '../support/transcript.ts'

const tools = `apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: inventory-tools}
spec:
  app: inventory
  rules:
    - callers: [reporter]
      mcp: {tools: [get_inventory]}
  tests:
    - {caller: reporter, call: {mcp: {tool: drop_table}}, expect: deny}
`

const files = {
  'tools.yaml': tools,
  'more-tools.yaml': tools.replace('[get_inventory]', '[get_inventory, get_schema]'),
  'orders.yaml': tools
    .replace('inventory-tools', 'orders')
    .replace('app: inventory', 'app: orders'),
  'typos.yaml': tools
    .replace('countersign.dev/v1', 'countersign.dev/v9')
    .replace('callers', 'caler')
    .replace('expect: deny', 'expect: denied'),
  'syntax.yaml': `${tools}  oops: [\n`,
  'wrong-test.yaml': tools.replace('expect: deny', 'expect: allow'),
  'twice.yaml': `${tools}---\n${tools}`,
  'anchor.yaml': tools.replace('[reporter]', '&all [reporter]'),
  'empty.yaml': '',
  'json.yaml': '{"apiVersion": "countersign.dev/v1", "kind": "Configuration"}\n',
  'long.yaml': `# ${'long '.repeat(300_000)}\n${tools}`,
}

test('policies on the command line', async (t) => {
  const plane = await IdentityPlane.start(t)
  const cli = new Transcript({ server: `${plane.folder}/server/api.sock`, dir: plane.folder })
  for (const [name, text] of Object.entries(files)) await writeFile(`${plane.folder}/${name}`, text)

  await t.test('a policy is applied, changed, shown and deleted', async () => {
    await cli.play(String.raw`
$ countersign policy get --socket-path <server>
2> no policies: every call is denied

$ countersign policy apply <dir>/tools.yaml --dry-run --socket-path <server>
would be created  inventory-tools  spiffe://example.org/ns/default/inventory  revision 1  sha256:<:hex>, 1 test passed

$ countersign policy apply --socket-path <server> <dir>/tools.yaml
created  inventory-tools  spiffe://example.org/ns/default/inventory  revision 1  sha256:<:hex>, 1 test passed

$ countersign policy apply --socket-path <server> <dir>/tools.yaml
unchanged  inventory-tools  spiffe://example.org/ns/default/inventory  revision 1  sha256:<:hex>, 1 test passed

$ countersign policy apply --socket-path <server> <dir>/more-tools.yaml <dir>/orders.yaml
updated  inventory-tools  spiffe://example.org/ns/default/inventory  revision 2  sha256:<:hex>, 1 test passed
created  orders  spiffe://example.org/ns/default/orders  revision 1  sha256:<:hex>, 1 test passed

$ countersign policy get --socket-path <server>
inventory-tools  spiffe://example.org/ns/default/inventory  revision 2  sha256:<:hex>
orders  spiffe://example.org/ns/default/orders  revision 1  sha256:<:hex>

$ countersign policy get inventory --socket-path <server> -source
apiVersion: countersign.dev/v1
kind: AccessPolicy
metadata: {name: inventory-tools}
spec:
  app: inventory
  rules:
    - callers: [reporter]
      mcp: {tools: [get_inventory, get_schema]}
  tests:
    - {caller: reporter, call: {mcp: {tool: drop_table}}, expect: deny}

$ countersign policy get orders orders --output json --socket-path <server>
{"policies":[{"app":"spiffe://example.org/ns/default/orders","applied_at":"<:seconds>","digest":"<:hex>","kind":"AccessPolicy","name":"orders","revision":"1","source":"apiVersion: countersign.dev/v1\nkind: AccessPolicy\nmetadata: {name: orders}\nspec:\n  app: orders\n  rules:\n    - callers: [reporter]\n      mcp: {tools: [get_inventory]}\n  tests:\n    - {caller: reporter, call: {mcp: {tool: drop_table}}, expect: deny}\n"}]}

$ countersign policy get orders other --socket-path <server>
2> Error: there is no policy "other" for orders
2>   next: countersign policy get orders lists what is in force
=> 1

$ countersign policy delete orders orders --socket-path <server>
deleted  orders  orders

$ countersign policy delete orders orders --socket-path <server>
2> Error: there is no policy "orders" for spiffe://example.org/ns/default/orders
2>   next: countersign policy get lists what is in force
=> 1

$ countersign policy delete shop/inventory inventory-tools --output json --socket-path <server>
2> Error: there is no policy "inventory-tools" for spiffe://example.org/ns/shop/inventory
2>   next: countersign policy get lists what is in force
=> 1

$ countersign policy delete a/b/c x --socket-path <server>
2> Error: "a/b/c" is no App ID: an App ID has at most one slash
=> 1
`)
  })

  await t.test('standard input is a file too', async () => {
    await cli.play(`
$ countersign policy apply - --socket-path <server> --output json << {apiVersion: countersign.dev/v1, kind: AccessPolicy, metadata: {name: one}, spec: {app: orders, rules: []}}
{"results":[{"change":"CREATED","policy":{"app":"spiffe://example.org/ns/default/orders","applied_at":"<:seconds>","digest":"<:hex>","kind":"AccessPolicy","name":"one","revision":"3","source":"{apiVersion: countersign.dev/v1, kind: AccessPolicy, metadata: {name: one}, spec: {app: orders, rules: []}}"},"tests_passed":0}]}

$ countersign policy apply - --socket-path <server> << {apiVersion: countersign.dev/v1, kind: AccessPolicy}
2> Error: nothing was applied:
2> stdin:1:1: expected metadata; add metadata
2> stdin:1:1: expected spec; add spec
=> 1
`)
  })

  await t.test(
    'one command denies everything, and the next apply lets callers in again',
    async () => {
      await cli.play(String.raw`
$ countersign policy deny-all inventory --socket-path <server>
every call to spiffe://example.org/ns/default/inventory is denied
replaced: inventory-tools

$ countersign policy deny-all inventory --socket-path <server>
every call to spiffe://example.org/ns/default/inventory is denied
replaced: nothing

$ countersign status --socket-path <server>
trust domain  example.org
authority     until <:time>
agents        0 agents
identities    0 entries
policies of apps without an entry
  spiffe://example.org/ns/default/inventory  policy deny-all (revision 3)
  spiffe://example.org/ns/default/orders  policy one (revision 3)

$ countersign policy deny-all inventory --socket-path <server> --output json
{"policy":{"app":"spiffe://example.org/ns/default/inventory","applied_at":"<:seconds>","digest":"<:hex>","kind":"AccessPolicy","name":"deny-all","revision":"3","source":"apiVersion: countersign.dev/v1\nkind: AccessPolicy\nmetadata:\n  name: deny-all\nspec:\n  app: spiffe://example.org/ns/default/inventory\n  rules: []\n"},"replaced":[]}

$ countersign policy deny-all 'no app' --socket-path <server>
2> Error: "no app" is no App ID: path segment characters are limited to letters, numbers, dots, dashes, and underscores
=> 1
`)
    },
  )

  await t.test(
    'every problem of a bad policy is told with its place and its fix [BAD-3]',
    async () => {
      await cli.play(`
$ countersign policy apply --socket-path <server> <dir>/typos.yaml
2> Error: nothing was applied:
2> <dir>/typos.yaml:1:13: apiVersion: expected countersign.dev/v1, found "countersign.dev/v9"; write countersign.dev/v1
2> <dir>/typos.yaml:7:7: spec.rules[0]: expected one of callers, effect, mcp, http, tcp, found "caler"; did you mean callers?
2> <dir>/typos.yaml:10:67: spec.tests[0].expect: expected allow or deny, found "denied"; write allow or deny
=> 1

$ countersign policy apply --socket-path <server> <dir>/typos.yaml <dir>/anchor.yaml <dir>/syntax.yaml
2> Error: nothing was applied:
2> <dir>/typos.yaml:1:13: apiVersion: expected countersign.dev/v1, found "countersign.dev/v9"; write countersign.dev/v1
2> <dir>/typos.yaml:7:7: spec.rules[0]: expected one of callers, effect, mcp, http, tcp, found "caler"; did you mean callers?
2> <dir>/typos.yaml:10:67: spec.tests[0].expect: expected allow or deny, found "denied"; write allow or deny
2> <dir>/anchor.yaml:7:16: expected no anchor; write the value where it is needed
2> <dir>/syntax.yaml:12:1: expected YAML: flow sequence in block collection must be sufficiently indented and end with a ]; correct the syntax
=> 1

$ countersign policy apply --socket-path <server> <dir>/wrong-test.yaml
2> Error: nothing was applied:
2> <dir>/wrong-test.yaml:10:7: spec.tests[0]: expected allow, got deny (tool-not-allowed); correct the rules or what the test expects
=> 1

$ countersign policy apply --socket-path <server> <dir>/twice.yaml
2> Error: nothing was applied:
2> <dir>/twice.yaml:14:18: metadata.name: expected one policy named inventory-tools for spiffe://example.org/ns/default/inventory; rename or remove one of them
=> 1

$ countersign policy apply --socket-path <server> <dir>/tools.yaml <dir>/more-tools.yaml
2> Error: nothing was applied:
2> <dir>/more-tools.yaml:1:1: expected one policy named inventory-tools for spiffe://example.org/ns/default/inventory, there is one in <dir>/tools.yaml; rename or remove one of them
=> 1

$ countersign policy apply --socket-path <server> <dir>/empty.yaml
2> Error: nothing was applied:
2> <dir>/empty.yaml:1:1: expected an AccessPolicy; see docs/policy.md for an example
=> 1

$ countersign policy apply --socket-path <server> <dir>/json.yaml
2> Error: nothing was applied:
2> <dir>/json.yaml:1:1: expected metadata; add metadata
2> <dir>/json.yaml:1:1: expected spec; add spec
2> <dir>/json.yaml:1:46: kind: expected AccessPolicy, found "Configuration"; write AccessPolicy
=> 1

$ countersign policy apply --socket-path <server> <dir>/long.yaml
2> Error: <dir>/long.yaml is longer than 1048576 bytes
=> 1

$ countersign policy apply --socket-path <server> <dir>/none.yaml
2> Error: open <dir>/none.yaml: no such file or directory
=> 1

$ countersign policy apply --socket-path <server> <dir>
2> Error: read <dir>: is a directory
=> 1

$ countersign policy apply --socket-path <server>
2> Error: expected FILE, got nothing
2>   next: countersign policy apply FILE...
=> 1

$ countersign policy get orders --socket-path <server>
one  spiffe://example.org/ns/default/orders  revision 3  sha256:<:hex>
`)
    },
  )
})
