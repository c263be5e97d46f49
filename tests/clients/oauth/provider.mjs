// What the TypeScript SDKs ask of an application that signs in: both of them the same.
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { listen, tell } from './person.mjs'

export class Provider {
  #file
  #kept = {}
  #session = {}
  #state = randomUUID()
  #somebody
  #method
  #callback

  // `method` is how a registered client authenticates itself at the token endpoint.
  static async open({ store, document, somebody, name, method }) {
    const provider = new Provider()
    provider.#file = join(store, 'kept.json')
    provider.#kept = await readFile(provider.#file, 'utf8').then(JSON.parse, () => ({}))
    provider.#somebody = somebody
    provider.#method = method
    provider.#callback = new Promise((resolve) => {
      provider.server = createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url, provider.redirectUrl)
        response.writeHead(pathname === '/callback' ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' })
        response.end('Go back to the client.')
        if (pathname === '/callback') resolve(searchParams)
      })
    })
    provider.redirectUrl = `http://localhost:${await listen(provider.server)}/callback`
    provider.server.unref()
    provider.clientMetadataUrl = document
    provider.name = name
    return provider
  }

  get clientMetadata() {
    return {
      client_name: this.name,
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: this.#method,
    }
  }

  // The query of the redirect, once a person has agreed or refused.
  async answer() {
    this.server.ref()
    const answer = await this.#callback
    this.server.close()
    if (answer.get('state') !== this.#state) throw new Error('another state came back')
    if (!answer.get('code')) throw new Error(`no code came back: ${answer}`)
    return answer
  }

  state() {
    return this.#state
  }

  async redirectToAuthorization(address) {
    tell(address.href)
    if (!this.#somebody) process.exit(0)
  }

  clientInformation() {
    return this.#kept.client
  }

  saveClientInformation(client) {
    return this.#keep({ client })
  }

  tokens() {
    return this.#kept.tokens
  }

  saveTokens(tokens) {
    return this.#keep({ tokens })
  }

  codeVerifier() {
    return this.#session.verifier
  }

  saveCodeVerifier(verifier) {
    this.#session.verifier = verifier
  }

  discoveryState() {
    return this.#session.discovery
  }

  saveDiscoveryState(discovery) {
    this.#session.discovery = discovery
  }

  invalidateCredentials(scope) {
    if (scope === 'all') return this.#keep({ client: undefined, tokens: undefined })
    if (scope === 'client' || scope === 'tokens') return this.#keep({ [scope]: undefined })
  }

  #keep(what) {
    Object.assign(this.#kept, what)
    return writeFile(this.#file, JSON.stringify(this.#kept))
  }
}
