// The TypeScript client that asks `server/discover` first: modern.mjs URL [CALL …]
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { asked, walk } from './walk.mjs'

const { url, calls } = asked()
const client = new Client({ name: 'typescript-modern', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
await client.connect(new StreamableHTTPClientTransport(new URL(url)))
await walk(client, client.getNegotiatedProtocolVersion(), calls)
await client.close()
