// The TypeScript client that asks `server/discover` first, signing in; how it is called: person.mjs
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { walk } from '../node/walk.mjs'
import { asked } from './person.mjs'
import { Provider } from './provider.mjs'

const { url, calls, ...rest } = asked()
const authProvider = await Provider.open({ ...rest, name: 'TypeScript modern', method: 'none' })

async function connect() {
  const client = new Client({ name: 'typescript-modern', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider })
  try {
    await client.connect(transport)
    return client
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(await authProvider.answer())
    return connect()
  }
}

const client = await connect()
await walk(client, client.getNegotiatedProtocolVersion(), calls)
await client.close()
