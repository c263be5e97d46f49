// The TypeScript client of the era with `initialize`, signing in; how it is called: person.mjs
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { walk } from '../node/walk.mjs'
import { asked } from './person.mjs'
import { Provider } from './provider.mjs'

const { url, calls, ...rest } = asked()
const authProvider = await Provider.open({ ...rest, name: 'TypeScript legacy', method: 'client_secret_post' })

async function connect() {
  const client = new Client({ name: 'typescript-legacy', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider })
  try {
    await client.connect(transport)
    return { client, transport }
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth((await authProvider.answer()).get('code'))
    return connect()
  }
}

const { client, transport } = await connect()
await walk(client, transport.protocolVersion, calls)
await client.close()
