// The conformance suite's scenarios for authorization servers, with a person to sign in:
//
//   conformance.mjs ISSUER RESOURCE CLIENT FOLDER
//
// Prints {"authorize": address} where the person has to go, and at last what the suite said: {"code": 0, "said": "…"}.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { portOf, tell, watch } from './person.mjs'

const [issuer, resource, client, folder] = process.argv.slice(2)
const suite = join(process.env.ICUSYNC_NODE_MODULES, '@modelcontextprotocol/conformance/dist/index.js')
const args = [suite, 'authorization', '--url', issuer, '--resource', resource, '--client-id', client]
args.push('--port', await portOf(folder))
const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
const said = watch(child.stdout, issuer, tell)
const code = await new Promise((resolve) => child.once('close', resolve))
console.log(JSON.stringify({ code, said: said() }))
