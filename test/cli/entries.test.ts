/** `server entry create`, `show` and `delete`, as they are typed and as they answer. */

import { test } from 'node:test'
import { IdentityPlane } from '../support/identity-plane.ts'
import { Transcript } from '../support/transcript.ts'

test('registration entries on the command line', async (t) => {
  const plane = await IdentityPlane.start(t)
  const server = new Transcript({ socket: `${plane.folder}/server/api.sock`, dir: plane.folder })

  await t.test('an entry is created, shown and deleted', async () => {
    await server.play(`
$ countersign server entry create -socketPath <socket> -spiffeID spiffe://example.org/app -parentID spiffe://example.org/node -selector unix:uid:1000 -selector unix:gid:1000 -x509SVIDTTL 300 -dns app.test -hint h
Entry ID                : <app:uuid>
SPIFFE ID               : spiffe://example.org/app
Parent ID               : spiffe://example.org/node
Revision                : 0
X509-SVID TTL           : 300
JWT-SVID TTL            : default
Selector                : unix:gid:1000
Selector                : unix:uid:1000
DNS name                : app.test
Hint                    : h

$ countersign server entry show -socketPath <socket> -entryID <app>
Found 1 entry
Entry ID                : <app>
SPIFFE ID               : spiffe://example.org/app
Parent ID               : spiffe://example.org/node
Revision                : 0
X509-SVID TTL           : 300
JWT-SVID TTL            : default
Selector                : unix:gid:1000
Selector                : unix:uid:1000
DNS name                : app.test
Hint                    : h

$ countersign server entry delete -socketPath <socket> -entryID <app>
Deleted entry with ID: <app>


Deleted 1 entries successfully

$ countersign server entry show -socketPath <socket>
Found 0 entries
`)
  })

  await t.test('our own spelling of flags is the same command', async () => {
    await server.play(`
$ countersign server entry create --socket-path=<socket> --entry-id kebab --spiffe-id spiffe://example.org/kebab --parent-id spiffe://example.org/node --selector a:b --x509-svid-ttl 60 --jwt-svid-ttl=30
Entry ID                : kebab
SPIFFE ID               : spiffe://example.org/kebab
Parent ID               : spiffe://example.org/node
Revision                : 0
X509-SVID TTL           : 60
JWT-SVID TTL            : 30
Selector                : a:b

$ SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE=<dir>/%i/api.sock countersign server entry delete --instance server --entry-id kebab
Deleted entry with ID: kebab


Deleted 1 entries successfully
`)
  })

  await t.test('json has the shape of the API', async () => {
    await server.play(`
$ countersign server entry create -socketPath <socket> -output json -entryID j1 -spiffeID spiffe://example.org/j -parentID spiffe://example.org/node -selector a:b -admin -federatesWith spiffe://other.test
{"results":[{"entry":{"admin":true,"created_at":"<:seconds>","dns_names":[],"downstream":false,"expires_at":"0","federates_with":["other.test"],"hint":"","id":"j1","jwt_svid_ttl":0,"parent_id":{"path":"/node","trust_domain":"example.org"},"revision_number":"0","selectors":[{"type":"a","value":"b"}],"spiffe_id":{"path":"/j","trust_domain":"example.org"},"store_svid":false,"x509_svid_ttl":0},"status":{"code":0,"message":"OK"}}]}

$ countersign server entry show -socketPath <socket> -output json -federatesWith spiffe://other.test
{"entries":[{"admin":true,"created_at":"<:seconds>","dns_names":[],"downstream":false,"expires_at":"0","federates_with":["other.test"],"hint":"","id":"j1","jwt_svid_ttl":0,"parent_id":{"path":"/node","trust_domain":"example.org"},"revision_number":"0","selectors":[{"type":"a","value":"b"}],"spiffe_id":{"path":"/j","trust_domain":"example.org"},"store_svid":false,"x509_svid_ttl":0}],"next_page_token":""}

$ countersign server entry delete -socketPath <socket> -output json -entryID j1
{"results":[{"id":"j1","status":{"code":0,"message":"OK"}}]}

$ countersign server entry show -socketPath <socket> -output json
{"entries":[],"next_page_token":""}
`)
  })

  await t.test('with -output json too the exit code says that an item failed', async () => {
    await server.play(String.raw`
$ countersign server entry create -socketPath <socket> -output json -entryID bad -spiffeID spiffe://other.test/x -parentID spiffe://example.org/node -selector a:b
{"results":[{"entry":{"admin":false,"created_at":"0","dns_names":[],"downstream":false,"expires_at":"0","federates_with":[],"hint":"","id":"bad","jwt_svid_ttl":0,"parent_id":{"path":"/node","trust_domain":"example.org"},"revision_number":"0","selectors":[{"type":"a","value":"b"}],"spiffe_id":{"path":"/x","trust_domain":"other.test"},"store_svid":false,"x509_svid_ttl":0},"status":{"code":3,"message":"failed to convert entry: invalid spiffe ID: \"spiffe://other.test/x\" is not a member of trust domain \"example.org\""}}]}
=> 1

$ countersign server entry delete -socketPath <socket> -entryID nope -output json
{"results":[{"id":"nope","status":{"code":5,"message":"entry not found"}}]}
=> 1
`)
  })

  await t.test('entries come from a file or from standard input', async () => {
    await server.play(`
$ countersign server entry create -socketPath <socket> -data - << {"entries": [{"entry_id": "d1", "spiffe_id": "spiffe://example.org/d", "parent_id": "spiffe://example.org/node", "selectors": [{"type": "a", "value": "b"}]}]}
Entry ID                : d1
SPIFFE ID               : spiffe://example.org/d
Parent ID               : spiffe://example.org/node
Revision                : 0
X509-SVID TTL           : default
JWT-SVID TTL            : default
Selector                : a:b

$ countersign server entry create -socketPath <socket> -data - << {"entries": [{"spiffe_id": 7}]}
2> Error: entries.0.spiffe_id: Invalid input: expected string, received number
=> 1

$ countersign server entry create -socketPath <socket> -data - << {"entries": [}
2> Error: invalid character in JSON: <:line>
=> 1

$ countersign server entry create -socketPath <socket> -data - << {"entries": [{"spiffe_id": "nope", "parent_id": "spiffe://example.org/node"}]}
2> Error: invalid SPIFFE ID: scheme is missing or invalid
=> 1

$ countersign server entry create -socketPath <socket> -data <dir>/none.json
2> Error: open <dir>/none.json: no such file or directory
=> 1

$ countersign server entry create -socketPath <socket> -data <dir>
2> Error: read <dir>: is a directory
=> 1

$ countersign server entry create -socketPath <socket> -data /dev/zero
2> Error: /dev/zero is longer than 67108864 bytes
=> 1

$ countersign server entry delete -socketPath <socket> -file - << {"ids": ["d1", "d2"]}
Deleted entry with ID: d1




Deleted 1 entries successfully, but failed to delete 1 entries
2> Failed to delete entry with ID d2 (code: NotFound, msg: "entry not found")
2> Error: failed to delete one or more entries
=> 1

$ countersign server entry delete -socketPath <socket> -file - << {"ids": "d1"}
2> Error: expected {"ids": ["..."]}
=> 1

$ countersign server entry delete -socketPath <socket> -file - << {"ids": []}
Deleted 0 entries successfully
`)
  })

  await t.test('what is wrong is refused with what is wrong about it [BAD-1]', async () => {
    await server.play(String.raw`
$ countersign server entry create -socketPath <socket>
2> Error: at least one selector is required
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b
2> Error: a parent ID is required if the node flag is not set
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b -parentID spiffe://example.org/node
2> Error: a SPIFFE ID is required
=> 1

$ countersign server entry create -socketPath <socket> -selector ab -parentID spiffe://example.org/node -spiffeID spiffe://example.org/x
2> Error: selector "ab" must be formatted as type:value
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b -parentID spiffe://example.org/node -spiffeID http://example.org/x
2> Error: scheme is missing or invalid
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b -parentID spiffe://example.org/node -spiffeID spiffe://other.test/x
2> Failed to create the following entry (code: InvalidArgument, msg: "failed to convert entry: invalid spiffe ID: \"spiffe://other.test/x\" is not a member of trust domain \"example.org\""):
2> Entry ID                : (none)
2> SPIFFE ID               : spiffe://other.test/x
2> Parent ID               : spiffe://example.org/node
2> Revision                : 0
2> X509-SVID TTL           : default
2> JWT-SVID TTL            : default
2> Selector                : a:b
2>
2> Error: failed to create one or more entries
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b -parentID spiffe://example.org/node -spiffeID spiffe://example.org/x -x509SVIDTTL -1
2> Error: a positive x509-SVID TTL is required
=> 1

$ countersign server entry create -socketPath <socket> -selector a:b -parentID spiffe://example.org/node -spiffeID spiffe://example.org/x -x509SVIDTTL soon
2> invalid value "soon" for flag -x509SVIDTTL: parse error
2> Usage of server entry create:
2> <:lines>
=> 1

$ countersign server entry show -socketPath <socket> -entryID nope
2> Error: error fetching entry ID nope: rpc error: code = NotFound desc = entry not found
=> 1

$ countersign server entry show -socketPath <socket> -entryID nope -hint x
2> Error: the -entryID flag can't be combined with others
=> 1

$ countersign server entry show -socketPath <socket> -selector a:b -matchSelectorsOn some
2> Error: match behavior "some" unknown
=> 1

$ countersign server entry delete -socketPath <socket>
2> Error: an entry ID is required
=> 1

$ countersign server entry delete -socketPath <socket> -entryID nope


Failed to delete 1 entries
2> Failed to delete entry with ID nope (code: NotFound, msg: "entry not found")
2> Error: failed to delete one or more entries
=> 1
`)
  })
})
