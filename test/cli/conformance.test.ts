/** `conformance ...`: cases on standard input, verdicts on standard output. */

import { test } from 'node:test'
import { writePem } from '../../spiffe/pem.ts'
import { TestCa } from '../support/test-ca.ts'
import { Transcript } from '../support/transcript.ts'

test('each conformance command judges the cases on its standard input', async () => {
  const ca = new TestCa('example.org')
  const bundle = JSON.stringify(writePem('CERTIFICATE', ca.certificate))
  const leaf = JSON.stringify(ca.svid('/workload').chainPem)
  await new Transcript({ bundle, leaf }).play(String.raw`
$ countersign conformance parse-id << [{"id": "a", "input": "spiffe://example.org/x"}, {"id": "b", "input": "http://example.org/x"}, {"id": "c"}]
[{"id":"a","result":"accept","spiffeId":"spiffe://example.org/x","detail":"example.org|/x"},{"id":"b","result":"reject","detail":"scheme is missing or invalid"},{"id":"c","result":"reject","detail":"case: ✖ Invalid input: expected string, received undefined\n  → at input"}]

$ countersign conformance parse-id << {"cases": []}
[]

$ countersign conformance parse-bundle << [{"id": "a", "input": "{\"keys\": []}"}, {"id": "b", "input": "{}"}]
[{"id":"a","result":"accept","detail":"x509=0 jwt=0"},{"id":"b","result":"reject","detail":"bundle has no list \"keys\""}]

$ countersign conformance validate-x509 << [{"id": "a", "chain": [<leaf>], "bundles": {"example.org": <bundle>}}, {"id": "b", "chain": [<leaf>], "bundles": {}}]
[{"id":"a","result":"accept","spiffeId":"spiffe://example.org/workload","detail":"path of 2 certificates"},{"id":"b","result":"reject","detail":"no X.509 bundle for trust domain \"example.org\""}]

$ countersign conformance validate-path << [{"id": "a", "leaf": <leaf>, "intermediates": [], "roots": [<bundle>]}, {"id": "b", "leaf": "no PEM", "roots": []}]
[{"id":"a","result":"accept","detail":"path of 2 certificates"},{"id":"b","result":"reject","detail":"leaf has no PEM block"}]
`)
})

test('input that is no list of cases is refused [BAD-1]', async () => {
  await new Transcript().play(`
$ countersign conformance parse-id << not JSON
2> Error: standard input is not JSON
=> 1

$ countersign conformance parse-id << {"case": []}
2> Error: standard input is not a JSON array of cases
=> 1

$ countersign conformance parse-id
2> Error: standard input is not JSON
=> 1

$ countersign conformance parse-id more << []
2> Error: unexpected word "more"
2>   next: countersign conformance parse-id
=> 1

$ countersign conformance parse-id -nope << []
2> flag provided but not defined: -nope
2> Usage of conformance parse-id:
=> 1
`)
})
