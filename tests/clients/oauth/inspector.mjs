// The Inspector's command line, signing in at the first of its processes; how it is called: person.mjs
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { asked, portOf, surroundings, tell, watch } from './person.mjs'

const { url, store, document, somebody, calls } = asked()
const launcher = join(process.env.ICUSYNC_NODE_MODULES, '@modelcontextprotocol/inspector/clients/launcher/build/index.js')
const env = {
  ...surroundings(store),
  MCP_STORAGE_DIR: join(store, 'storage'),
  MCP_INSPECTOR_SECRET_STORE: 'file',
  // Without a terminal it signs nobody in unless told that it may open a browser.
  MCP_AUTO_OPEN_ENABLED: 'true',
}
const SIGN_IN_NEEDED = 3

async function inspect(...question) {
  const args = [launcher, '--cli', url, '--transport', 'http', '--format', 'json', '-q', ...question]
  args.push('--callback-url', `http://127.0.0.1:${await portOf(store)}/callback`)
  if (document) args.push('--client-metadata-url', document)
  if (!somebody) args.push('--stored-auth-only')
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  const log = watch(child.stderr, new URL(url).origin, tell)
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code === SIGN_IN_NEEDED && !somebody) {
    tell(null)
    process.exit(0)
  }
  // A tool's own error is an answer.
  if (!said.startsWith('{')) throw new Error(`it ended with ${code}: ${log()}`)
  return JSON.parse(said).result
}

const { tools } = await inspect('--method', 'tools/list')
const answers = []
for (const { name, arguments: given } of calls) {
  const result = await inspect('--method', 'tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(given))
  const text = result.content.filter((part) => part.type === 'text').map((part) => part.text)
  answers.push({ name, isError: result.isError ?? false, text: text.join('\n') })
}
console.log(JSON.stringify({ era: 'the Inspector', tools, calls: answers }))
