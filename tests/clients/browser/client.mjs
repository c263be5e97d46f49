// A client of IcuSync that sends a person here to sign in, and waits on this machine for the answer.
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

/** What the client sends along, and must get back. */
export const STATE = 'a state & more'

/**
 * Starts one at `web`: it comes back to a page on the web that sends on to another one, as some clients' do on the way to their app
 * ("web"), or to an app's scheme at once ("app").
 */
export async function startClient(web, kind = 'web') {
  const client = { answer: null }
  const server = createServer((request, response) => {
    if (request.url.startsWith('/callback')) {
      client.answer = `http://localhost:${port}${request.url}`
      // Chromium holds a form to its page's policy along the whole chain of redirects: this one leaves for a third origin.
      response.writeHead(302, { location: client.arrived, connection: 'close' }).end()
    } else {
      response.writeHead(200, { 'content-type': 'text/html', connection: 'close' })
      response.end('<link rel="icon" href="data:,"><title>Arrived</title>')
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const redirect_uri = { web: `http://localhost:${port}/callback`, app: 'cursor://anysphere.cursor-mcp/oauth/callback' }[kind]
  const registration = { client_name: 'A way back', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }
  const { client_id } = await send(`${web}/register`, 'application/json', JSON.stringify(registration))
  const code_verifier = randomBytes(32).toString('base64url')

  /** The page of the web where the person ends. */
  client.arrived = `http://127.0.0.1:${port}/arrived`
  /** Where the client sends the person. */
  client.address = `${web}/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri,
    state: STATE,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })}`
  /** Exchanges the code of the answer; what the token endpoint says. */
  client.exchange = async () => {
    const code = new URL(client.answer).searchParams.get('code')
    const fields = { grant_type: 'authorization_code', code, redirect_uri, client_id, code_verifier }
    return send(`${web}/token`, 'application/x-www-form-urlencoded', new URLSearchParams(fields).toString())
  }
  client.stop = () => server.close()
  return client
}

async function send(url, kind, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': kind }, body })
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return answer.json()
}
