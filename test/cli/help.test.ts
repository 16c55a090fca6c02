/** What the program says of itself, and of words and flags that it does not know. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { z } from 'zod'
import { runCommand } from '../../clients/cli/commands.ts'
import { CollectedIo } from '../support/collected-io.ts'
import { Transcript } from '../support/transcript.ts'
import { projectFile } from '../support/vectors.ts'

const cli = new Transcript()

test('the program lists its commands', async () => {
  await cli.play(`
$ countersign
2> Usage: countersign [--version] [--help] <command> [<args>]
2>
2> Zero-trust identity and access for AI agents and MCP servers.
2>
2> Available commands are:
2>     server         Runs and administers the identity server
2>     agent          Runs the node agent and asks it
2>     proxy          Runs the companion proxy
2>     app            Registers App IDs
2>     policy         Says who may call what
2>     audit          Reads and verifies the record of decisions
2>     why            Explains one decision
2>     status         Shows the trust domain, its agents, identities and policies
2>     conformance    Judges cases on standard input by the standards
2>
2> countersign help COMMAND shows a command's flags. They are written -spiffeID X, as with SPIRE, or
2> --spiffe-id X.

$ countersign help
2> Usage: countersign [--version] [--help] <command> [<args>]
2>
2> Zero-trust identity and access for AI agents and MCP servers.
2>
2> Available commands are:
2>     server         Runs and administers the identity server
2>     agent          Runs the node agent and asks it
2>     proxy          Runs the companion proxy
2>     app            Registers App IDs
2>     policy         Says who may call what
2>     audit          Reads and verifies the record of decisions
2>     why            Explains one decision
2>     status         Shows the trust domain, its agents, identities and policies
2>     conformance    Judges cases on standard input by the standards
2>
2> countersign help COMMAND shows a command's flags. They are written -spiffeID X, as with SPIRE, or
2> --spiffe-id X.

$ countersign --help
2> Usage: countersign [--version] [--help] <command> [<args>]
2>
2> Zero-trust identity and access for AI agents and MCP servers.
2>
2> Available commands are:
2>     server         Runs and administers the identity server
2>     agent          Runs the node agent and asks it
2>     proxy          Runs the companion proxy
2>     app            Registers App IDs
2>     policy         Says who may call what
2>     audit          Reads and verifies the record of decisions
2>     why            Explains one decision
2>     status         Shows the trust domain, its agents, identities and policies
2>     conformance    Judges cases on standard input by the standards
2>
2> countersign help COMMAND shows a command's flags. They are written -spiffeID X, as with SPIRE, or
2> --spiffe-id X.
`)
})

test('the version is that of the package', async () => {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(projectFile('package.json'), 'utf8')))
  const versions = new Transcript({ version })
  await versions.play(`
$ countersign version
<version>

$ countersign --version
<version>

$ countersign server -version
2> <version>

$ countersign agent --version
2> <version>
`)
})

test('a group lists its commands, with the exit codes of SPIRE', async () => {
  await cli.play(`
$ countersign server
2> Usage: countersign server [--version] [--help] <command> [<args>]
2>
2> Runs and administers the identity server.
2>
2> Available commands are:
2>     run            Runs the server
2>     validate       Validates a server configuration file
2>     healthcheck    Determines server health status
2>     entry          Manages registration entries: who gets which identity
2>     agent          Manages attested agents
2>     token          Makes join tokens
2>     bundle         Shows the trust bundle and its history
=> 127

$ countersign server -h
2> Usage: countersign server [--version] [--help] <command> [<args>]
2>
2> Runs and administers the identity server.
2>
2> Available commands are:
2>     run            Runs the server
2>     validate       Validates a server configuration file
2>     healthcheck    Determines server health status
2>     entry          Manages registration entries: who gets which identity
2>     agent          Manages attested agents
2>     token          Makes join tokens
2>     bundle         Shows the trust bundle and its history

$ countersign agent
2> Usage: countersign agent [--version] [--help] <command> [<args>]
2>
2> Runs the node agent and asks it.
2>
2> Available commands are:
2>     run            Runs the agent
2>     validate       Validates an agent configuration file
2>     healthcheck    Determines agent health status
2>     api            Asks the Workload API
=> 127

$ countersign policy
2> Usage: countersign policy [--version] [--help] <command> [<args>]
2>
2> Says who may call what.
2>
2> Available commands are:
2>     apply       Puts the access policies of YAML files in force, all or none; '-' is standard input
2>     get         Shows the access policies in force
2>     delete      Takes one access policy out of force
2>     deny-all    Replaces every policy of an app by one that allows nothing
=> 1

$ countersign policy --help
2> Usage: countersign policy [--version] [--help] <command> [<args>]
2>
2> Says who may call what.
2>
2> Available commands are:
2>     apply       Puts the access policies of YAML files in force, all or none; '-' is standard input
2>     get         Shows the access policies in force
2>     delete      Takes one access policy out of force
2>     deny-all    Replaces every policy of an app by one that allows nothing

$ countersign help audit
2> Usage: countersign audit [--version] [--help] <command> [<args>]
2>
2> Reads and verifies the record of decisions.
2>
2> Available commands are:
2>     tail      Shows the last records, and new ones as they come
2>     verify    Proves that a record is intact, or names its first bad record

$ countersign server token
2> Usage of server token generate:
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE).
2>   -output value
2>     	Desired output format (pretty, json); default: pretty.
2>   -socketPath string
2>     	Path of the server's API socket (default "/tmp/spire-server/private/api.sock")
2>   -spiffeID string
2>     	SPIFFE ID that the node gets besides its own
2>   -ttl int
2>     	Seconds until the token expires (default 600)
2>
2> Usage: countersign server token [--version] [--help] <command> [<args>]
2>
2> Makes join tokens.
2>
2> Available commands are:
2>     generate    Generates a join token
=> 1

$ countersign agent api
2> Usage of agent api fetch x509:
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_AGENT_PUBLIC_SOCKET_TEMPLATE).
2>   -output value
2>     	Desired output format (pretty, json); default: pretty.
2>   -silent
2>     	Print nothing
2>   -socketPath string
2>     	Path of the agent's API socket (default "/tmp/spire-agent/public/api.sock")
2>   -timeout value
2>     	Time to wait for an answer (default 5s)
2>   -write string
2>     	Directory to write certificates and keys to
2>
2> Usage: countersign agent api [--version] [--help] <command> [<args>]
2>
2> Asks the Workload API.
2>
2> Available commands are:
2>     fetch    Fetches SVIDs from the Workload API
=> 1
`)
})

test('a command tells its flags', async () => {
  await cli.play(`
$ countersign policy apply -h
2> Usage of policy apply FILE...:
2>   -dryRun
2>     	Check and test only
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE).
2>   -output value
2>     	Desired output format (pretty, json); default: pretty.
2>   -socketPath string
2>     	Path of the server's API socket (default "/tmp/spire-server/private/api.sock")
2>
2> Puts the access policies of YAML files in force, all or none; '-' is standard input

$ countersign help policy deny-all
2> Usage of policy deny-all APP:
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE).
2>   -output value
2>     	Desired output format (pretty, json); default: pretty.
2>   -socketPath string
2>     	Path of the server's API socket (default "/tmp/spire-server/private/api.sock")
2>
2> Replaces every policy of an app by one that allows nothing

$ countersign status inventory --help
2> Usage of status:
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE).
2>   -output value
2>     	Desired output format (pretty, json); default: pretty.
2>   -socketPath string
2>     	Path of the server's API socket (default "/tmp/spire-server/private/api.sock")
2>
2> Shows the trust domain, its agents, identities and policies

$ countersign help server run
2> Runs the server.
2>
2> countersign server run -help shows its flags.

$ countersign server healthcheck -help
2> Usage of server healthcheck:
2>   -instance string
2>     	Instance name to put into the socket template (env SPIRE_SERVER_PRIVATE_SOCKET_TEMPLATE).
2>   -shallow
2>     	A less stringent check
2>   -socketPath string
2>     	Path of the server's API socket (default "/tmp/spire-server/private/api.sock")
2>   -verbose
2>     	Say more
2>
2> Determines server health status
`)
})

test('the daemons tell their flags', async () => {
  for (const daemon of ['server', 'agent', 'proxy'])
    await cli.play(`
$ countersign ${daemon} run -h
2> Usage of ${daemon} run:
2> <:lines>
2> flag: help requested
`)
})

test('unknown words and flags are named, with what was likely meant [BAD-1]', async () => {
  await cli.play(`
$ countersign polcy
2> Usage: <:lines>
2> countersign: there is no command "polcy"; did you mean policy?
=> 1

$ countersign -x
2> Usage: <:lines>
2> countersign: there is no flag "-x"
=> 1

$ countersign server entri
2> Usage: <:lines>
2> countersign server: there is no command "entri"; did you mean entry?
=> 127

$ countersign policy aply
2> Usage: <:lines>
2> countersign policy: there is no command "aply"; did you mean apply?
=> 1

$ countersign agent api fetch jwt
2> Usage of agent api fetch x509:
2> <:lines>
2> countersign agent api fetch: there is no command "jwt"
=> 1

$ countersign audit verify -nope
2> flag provided but not defined: -nope
2> Usage of audit verify:
2> <:lines>
=> 2

$ countersign policy deny-all -nope
2> flag provided but not defined: -nope
2> Usage of policy deny-all APP:
2> <:lines>
=> 1

$ countersign policy deny-all --Dry-run a
2> flag provided but not defined: -Dry-run
2> Usage of policy deny-all APP:
2> <:lines>
=> 1

$ countersign status -output xml
2> invalid value "xml" for flag -output: bad formatter flag: unknown format option: "xml"
2> Usage of status:
2> <:lines>
=> 1

$ countersign server run -nope
2> flag provided but not defined: -nope
2> Usage of server run:
2> <:lines>
=> 1

$ countersign policy deny-all a b
2> Error: unexpected word "b"
2>   next: countersign policy deny-all APP
=> 1

$ countersign policy deny-all
2> Error: expected APP, got nothing
2>   next: countersign policy deny-all APP
=> 1

$ countersign why
2> Error: expected DECISION_ID, got nothing
2>   next: countersign why DECISION_ID
=> 2
`)
})

test('the documentation lists the commands that there are, and no other', async () => {
  const documentation = readFileSync(projectFile('docs/command-line.md'), 'utf8')
  const described = [...documentation.matchAll(/^\| `countersign ([^`]+)` \|/gm)].map(
    ([, words = '']) => words,
  )
  assert.deepEqual(described.sort(), (await commandsBelow([])).sort())
})

/** Every command, as the help of the groups lists them. */
async function commandsBelow(path: readonly string[]): Promise<string[]> {
  const io = new CollectedIo()
  await runCommand(['help', ...path], io)
  const [, list] = io.stderr.split('Available commands are:\n')
  if (list === undefined) return [path.join(' ')]
  const names = [...list.matchAll(/^ {4}([a-z0-9-]+) /gm)].map(([, name = '']) => name)
  const below = await Promise.all(names.map((name) => commandsBelow([...path, name])))
  return below.flat()
}
