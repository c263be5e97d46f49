// mcp-remote, which brings a URL to clients that only start programs: remote.mjs URL [CALL …]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { asked, walk } from './walk.mjs'

const { url, calls } = asked()
const folder = await mkdtemp(join(tmpdir(), 'icusync-mcp-remote-'))
const transport = new StdioClientTransport({
  command: process.execPath,
  args: [join(process.env.ICUSYNC_NODE_MODULES, 'mcp-remote/dist/proxy.js'), url, '--allow-http', '--transport', 'http-only'],
  env: { PATH: process.env.PATH, HOME: folder, MCP_REMOTE_CONFIG_DIR: folder },
  stderr: 'pipe',
})
const client = new Client({ name: 'over-mcp-remote', version: '1.0.0' })
try {
  await client.connect(transport)
  await walk(client, 'over stdio', calls)
} finally {
  await client.close()
  await rm(folder, { recursive: true, force: true })
}
