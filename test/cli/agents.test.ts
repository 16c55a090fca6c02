/** Nodes on the command line: tokens, agents, what the Workload API gives, the state of it all. */

import { mkdir } from 'node:fs/promises'
import { test } from 'node:test'
import { IdentityPlane } from '../support/identity-plane.ts'
import { Transcript } from '../support/transcript.ts'

test('nodes on the command line', async (t) => {
  const plane = await IdentityPlane.start(t)
  const cli = new Transcript({
    server: `${plane.folder}/server/api.sock`,
    agent: plane.sockets().workload,
    dir: plane.folder,
    uid: String(process.getuid?.()),
  })

  await t.test('before there is an agent, every command says so', async () => {
    await cli.play(`
$ countersign server healthcheck -socketPath <server>
Server is healthy.

$ countersign server healthcheck -socketPath <server> -verbose
Checking server health...
Server is healthy.

$ countersign server agent list -socketPath <server>
No attested agents found

$ countersign server agent list -socketPath <server> -output json
{"agents":[],"next_page_token":""}

$ countersign agent api fetch x509 -socketPath <agent>
2> rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix <agent>: connect: no such file or directory"
=> 1

$ countersign app create inventory --socket-path <server> --selector unix:uid:<uid>
2> Error: no agent is attested yet
2>   next: countersign server token generate, then countersign agent run --join-token TOKEN
=> 1

$ countersign status -socketPath <server>
trust domain  example.org
authority     until <:time>
agents        0 agents
identities    0 entries
policies      none: every call is denied
`)
  })

  await t.test('a token is generated, as text and as json', async () => {
    await cli.play(`
$ countersign server token generate -socketPath <server>
Token: <token:uuid>
Warning: Missing SPIFFE ID.

$ countersign server token generate -socketPath <server> -output json -ttl 60 -spiffeID spiffe://example.org/node
{"expires_at":"<:seconds>","value":"<:uuid>"}

$ countersign server token generate -socketPath <server> -ttl 0
2> Error: rpc error: code = InvalidArgument desc = ttl is required, you must provide one
=> 1

$ countersign server token generate -socketPath <server> -spiffeID spiffe://other.test/node
2> Error: rpc error: code = InvalidArgument desc = invalid agent ID: "spiffe://other.test/node" is not a member of trust domain "example.org"
=> 1
`)
  })

  const agent = await plane.startAgent({ token: cli.value('token') })

  await t.test('an attested agent is listed and shown', async () => {
    await cli.play(`
$ countersign server agent list -socketPath <server>
Found 1 attested agent:

SPIFFE ID         : spiffe://example.org/spire/agent/join_token/<token>
Attestation type  : join_token
Expiration time   : <:time>
Serial number     : <:number>
Can re-attest     : false

$ countersign server agent show -socketPath <server> -spiffeID spiffe://example.org/spire/agent/join_token/<token>
Found an attested agent given its SPIFFE ID

SPIFFE ID         : spiffe://example.org/spire/agent/join_token/<token>
Attestation type  : join_token
Expiration time   : <:time>
Serial number     : <:number>
Can re-attest     : false

$ countersign server agent show -socketPath <server> -output json -spiffeID spiffe://example.org/spire/agent/join_token/<token>
{"agent_version":"","attestation_type":"join_token","banned":false,"can_reattest":false,"id":{"path":"/spire/agent/join_token/<token>","trust_domain":"example.org"},"selectors":[],"x509svid_expires_at":"<:seconds>","x509svid_serial_number":"<:number>"}

$ countersign server agent list -socketPath <server> -banned true
No attested agents found

$ countersign server agent list -socketPath <server> -attestationType join_token -output json
{"agents":[{"agent_version":"","attestation_type":"join_token","banned":false,"can_reattest":false,"id":{"path":"/spire/agent/join_token/<token>","trust_domain":"example.org"},"selectors":[],"x509svid_expires_at":"<:seconds>","x509svid_serial_number":"<:number>"}],"next_page_token":""}

$ countersign server agent list -socketPath <server> -expiresBefore soon
2> Error: date is not valid: parsing time "soon" as "2006-01-02 15:04:05 -0700 -07": cannot parse "soon" as "2006"
=> 1

$ countersign server agent list -socketPath <server> -selector ab
2> Error: error parsing selector "ab": selector "ab" must be formatted as type:value
=> 1

$ countersign agent healthcheck -socketPath <agent>
Agent is healthy.

$ countersign agent healthcheck -socketPath <agent> -verbose
Checking agent health...
Agent is healthy.
`)
  })

  await t.test('an app is created for the processes of a user, and they get its SVID', async () => {
    await mkdir(`${plane.folder}/out`)
    await cli.play(`
$ countersign agent api fetch x509 -socketPath <agent> -timeout 1s
2> rpc error: code = PermissionDenied desc = no identity issued
=> 1

$ countersign app create inventory --socket-path <server> --selector unix:uid:<uid>
Entry ID                : <app:uuid>
SPIFFE ID               : spiffe://example.org/ns/default/inventory
Parent ID               : spiffe://example.org/spire/agent/join_token/<token>
Revision                : 0
X509-SVID TTL           : default
JWT-SVID TTL            : default
Selector                : unix:uid:<uid>

$ countersign app create inventory --socket-path <server> --selector unix:uid:<uid>
2> Error: cannot create inventory (code: AlreadyExists, msg: "similar entry already exists")
2>   next: countersign server entry show -spiffeID spiffe://example.org/ns/default/inventory shows what there is
=> 1

$ countersign app create --selector unix:uid:<uid> --socket-path <server> --namespace shop orders --output json
{"admin":false,"created_at":"<:seconds>","dns_names":[],"downstream":false,"expires_at":"0","federates_with":[],"hint":"","id":"<:uuid>","jwt_svid_ttl":0,"parent_id":{"path":"/spire/agent/join_token/<token>","trust_domain":"example.org"},"revision_number":"0","selectors":[{"type":"unix","value":"uid:<uid>"}],"spiffe_id":{"path":"/ns/shop/orders","trust_domain":"example.org"},"store_svid":false,"x509_svid_ttl":0}

$ countersign app create 'two words' --socket-path <server> --selector unix:uid:<uid>
2> Error: invalid App ID "two words": path segment characters are limited to letters, numbers, dots, dashes, and underscores
=> 1

$ countersign app create shop/orders --socket-path <server> --selector unix:uid:<uid> --namespace shop
2> Error: invalid App ID "shop/orders": it names its namespace itself, so --namespace cannot
=> 1

$ countersign app create shop/orders --socket-path <server> --selector unix:uid:<uid>
2> Error: cannot create shop/orders (code: AlreadyExists, msg: "similar entry already exists")
2>   next: countersign server entry show -spiffeID spiffe://example.org/ns/shop/orders shows what there is
=> 1

$ countersign app create a --socket-path <server> --selector nocolon
2> Error: selector "nocolon" must be formatted as type:value
=> 1

$ countersign app create a --socket-path <server> --selector unix:uid:<uid> --node nope
2> Error: invalid node "nope": scheme is missing or invalid
=> 1

$ countersign agent api fetch -socketPath <agent> -silent -write <dir>/out

$ countersign agent api fetch x509 -socketPath <agent> -silent -write <dir>/none
2> open <dir>/none/svid.0.pem: no such file or directory
=> 1

$ countersign status -socketPath <server>
trust domain  example.org
authority     until <:time>
agents        1 agent
  spiffe://example.org/spire/agent/join_token/<token>  until <:time>
identities    3 entries
  spiffe://example.org/node  spiffe_id:spiffe://example.org/spire/agent/join_token/<:uuid>
  spiffe://example.org/ns/default/inventory  unix:uid:<uid>
  spiffe://example.org/ns/shop/orders  unix:uid:<uid>
policies      none: every call is denied

$ countersign status -socketPath <server> -output json
{"trust_domain":"example.org","x509_authorities":[{"expires_at":<:seconds>,"tainted":false}],"agents":[{"id":"spiffe://example.org/spire/agent/join_token/<token>","banned":false,"expires_at":<:seconds>}],"entries":[{"id":"<:uuid>","spiffe_id":"spiffe://example.org/node","selectors":["spiffe_id:spiffe://example.org/spire/agent/join_token/<:uuid>"]},{"id":"<app>","spiffe_id":"spiffe://example.org/ns/default/inventory","selectors":["unix:uid:<uid>"]},{"id":"<:uuid>","spiffe_id":"spiffe://example.org/ns/shop/orders","selectors":["unix:uid:<uid>"]}],"policies":[]}
`)
  })

  await t.test('the bundle is shown in each form', async () => {
    await cli.play(`
$ countersign server bundle show -socketPath <server>
-----BEGIN CERTIFICATE-----
<:lines>
-----END CERTIFICATE-----

$ countersign server bundle show -socketPath <server> -format spiffe
{
    "keys": [
        {
            "use": "x509-svid",
<:lines>
}

$ countersign server bundle show -socketPath <server> -output json
{"jwt_authorities":[<:line>],"refresh_hint":"<:number>","sequence_number":"<:number>","trust_domain":"example.org","wit_authorities":[],"x509_authorities":[{"asn1":"<:base64>","tainted":false}]}

$ countersign server bundle show -socketPath <server> -format der
2> Error: invalid format: "der"
=> 1

$ countersign server bundle history -socketPath <server>
{"trustDomain":"example.org","x509Authority":"<:base64>","publishedAt":"<:line>"}
`)
  })

  await t.test('an agent is banned, evicted and then unknown', async () => {
    await cli.play(`
$ countersign server agent ban -socketPath <server> -spiffeID spiffe://example.org/spire/agent/join_token/<token>
Agent banned successfully

$ countersign server agent show -socketPath <server> -spiffeID spiffe://example.org/spire/agent/join_token/<token>
Found an attested agent given its SPIFFE ID

SPIFFE ID         : spiffe://example.org/spire/agent/join_token/<token>
Attestation type  : join_token
Expiration time   : <:time>
Banned            : true
Can re-attest     : false

$ countersign app create late --socket-path <server> --selector unix:uid:<uid>
2> Error: no agent is attested yet
2>   next: countersign server token generate, then countersign agent run --join-token TOKEN
=> 1

$ countersign server agent evict -socketPath <server> -output json -spiffeID spiffe://example.org/spire/agent/join_token/<token>
{}

$ countersign server agent evict -socketPath <server> -spiffeID spiffe://example.org/spire/agent/join_token/<token>
2> Error: rpc error: code = NotFound desc = agent not found
=> 1

$ countersign server agent ban -socketPath <server>
2> Error: a SPIFFE ID is required
=> 1

$ countersign server agent ban -socketPath <server> -spiffeID nope
2> Error: scheme is missing or invalid
=> 1
`)
    await agent.exited
    await cli.play(`
$ countersign agent healthcheck -socketPath <agent>
2> Error: agent is unhealthy: unable to determine health
=> 1
`)
  })
})
