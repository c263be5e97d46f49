// What the clients of this folder share on the command line and on the way to a person:
//
//   CLIENT.mjs URL STORE DOCUMENT|register somebody|nobody [CALL …]
//
// STORE is a folder in which the client keeps what it was given, from run to run. It names itself by a metadata document,
// or registers. Where a person has to sign in it prints {"authorize": address} and waits for the code at its own address
// on loopback; with nobody there it ends instead. At last it prints what ../node/walk.mjs says.
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

export function asked() {
  const [url, store, way, who, ...calls] = process.argv.slice(2)
  const document = way === 'register' ? undefined : way
  return { url, store, document, somebody: who === 'somebody', calls: calls.map((call) => JSON.parse(call)) }
}

export function tell(authorize) {
  console.log(JSON.stringify({ authorize }))
}

// A port that was free when first asked for, for programs that do not choose one themselves: the same one in each run of a
// store, because some register again when it changes.
export async function portOf(store) {
  const file = join(store, 'port')
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known) return known
  const server = createServer()
  const port = String(await listen(server))
  await new Promise((resolve) => server.close(resolve))
  await writeFile(file, port)
  return port
}

export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

// The environment of a client that runs as a program of its own: it keeps its things in STORE, and finds no browser to open.
export function surroundings(store) {
  return { PATH: store, HOME: store, MCP_REMOTE_CONFIG_DIR: join(store, 'remote') }
}

// Calls `found` with the address at `issuer` that a program shows: the last one before it says `when`, or the first. Returns
// what reads all that the program has said.
export function watch(stream, issuer, found, when) {
  const address = new RegExp(`${issuer}/authorize\\?\\S+(?=\\s)`, 'g')
  let text = ''
  let done = false
  stream.on('data', (chunk) => {
    text += chunk
    const said = when ? text.slice(0, Math.max(text.indexOf(when), 0)) : text
    const shown = said.match(address)?.at(when ? -1 : 0)
    if (!shown || done) return
    done = true
    found(shown)
  })
  return () => text
}
