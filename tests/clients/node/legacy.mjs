// The TypeScript client of the era with `initialize`: legacy.mjs URL [CALL …]
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { asked, walk } from './walk.mjs'

const { url, calls } = asked()
const client = new Client({ name: 'typescript-legacy', version: '1.0.0' })
const transport = new StreamableHTTPClientTransport(new URL(url))
await client.connect(transport)
await walk(client, transport.protocolVersion, calls)
await client.close()
