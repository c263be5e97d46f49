// mcp-remote, signing in for a client that only starts programs; how it is called: person.mjs
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { walk } from '../node/walk.mjs'
import { asked, portOf, surroundings, tell, watch } from './person.mjs'

const { url, store, document, somebody, calls } = asked()
const proxy = join(process.env.ICUSYNC_NODE_MODULES, 'mcp-remote/dist/proxy.js')
const args = [proxy, url, await portOf(store), '--allow-http', '--transport', 'http-only']
// The document's redirects are on another path than its own.
if (document) args.push('--client-metadata-url', document, '--callback-path', '/callback')
const transport = new StdioClientTransport({ command: process.execPath, args, env: surroundings(store), stderr: 'pipe' })
const client = new Client({ name: 'over-mcp-remote', version: '1.0.0' })
let left = false
// It looks at the address before it opens a browser, and makes another one if its registration is gone.
const log = watch(transport.stderr, new URL(url).origin, sendAway, 'automatically')
try {
  await client.connect(transport, { timeout: 120_000 })
  await walk(client, 'over stdio', calls)
} catch (error) {
  if (!left) throw new Error(log(), { cause: error })
} finally {
  await client.close()
}

function sendAway(address) {
  tell(address)
  if (somebody) return
  left = true
  client.close()
}
