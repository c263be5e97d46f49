// An identity provider on this machine, as a house runs one: npm's oidc-provider, with the people that its first argument lists
// as JSON. Prints its issuer, then serves until it is ended. `POST /control` changes what it knows and how it behaves.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

const { now, people: list, client_id, client_secret } = JSON.parse(process.argv[2])

// The clock is the tests' own: it stands still until they move it.
const Machine = Date
let at = Machine.parse(now)
globalThis.Date = class extends Machine {
  constructor(...given) {
    super(...(given.length > 0 ? given : [at]))
  }

  static now() {
    return at
  }
}
const { default: Provider } = await import('oidc-provider')

const people = new Map(list.map((person) => [person.sub, person]))
const client = {
  client_id,
  client_secret,
  redirect_uris: [],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
}
const counts = {}
let faults = {}

// What the provider keeps, in memory: a new one with other keys goes on with it.
const rows = new Map()

class Store {
  constructor(kind) {
    this.kind = kind
  }

  row(id) {
    return this.kind === 'Client' ? (id === client_id ? client : undefined) : rows.get(`${this.kind} ${id}`)
  }

  all() {
    return [...rows].filter(([key]) => key.startsWith(`${this.kind} `)).map(([, row]) => row)
  }

  async upsert(id, row) {
    rows.set(`${this.kind} ${id}`, row)
  }

  async find(id) {
    return this.row(id)
  }

  async findByUid(uid) {
    return this.all().find((row) => row.uid === uid)
  }

  async findByUserCode() {}

  async consume(id) {
    this.row(id).consumed = Math.floor(at / 1000)
  }

  async destroy(id) {
    rows.delete(`${this.kind} ${id}`)
  }

  async revokeByGrantId(grantId) {
    for (const [key, row] of rows) if (row.grantId === grantId) rows.delete(key)
  }
}

const key = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }
}

const start = () => {
  const provider = new Provider(issuer, {
    adapter: Store,
    jwks: { keys: [key()] },
    cookies: { keys: ['of the tests'] },
    scopes: ['openid', 'offline_access'],
    claims: {
      openid: ['sub', 'amr'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    // Refresh tokens without `offline_access`, as many providers give them; each works once.
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 86400 * 30, IdToken: 600, Interaction: 3600, RefreshToken: 86400 * 30, Session: 86400 },
    findAccount: async (_, sub) => {
      const person = people.get(sub)
      return person && !person.gone ? { accountId: sub, claims: async () => ({ ...person }) } : undefined
    },
    // Nobody is asked whether the house's own service may know them.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: client_id })
      grant.addOIDCScope('openid email profile groups offline_access')
      await grant.save()
      return grant
    },
    // Its own way refuses this machine's addresses, where we are.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
    renderError: async (ctx, out) => {
      ctx.type = 'text'
      ctx.body = `${out.error}: ${out.error_description ?? ''}`
    },
  })
  provider.on('server_error', (_, error) => console.error(error))
  return provider
}

const read = async (request) => {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

const page = (uid, title, fields) => `<!doctype html><html lang="en"><title>${title}</title>
<form method="post" action="/interaction/${uid}">${fields}<button>Sign in</button></form>
<form method="post" action="/interaction/${uid}"><input type="hidden" name="cancel" value="yes"><button>Cancel</button></form>`

// A person says who they are, or goes back.
const interact = async (request, response, uid) => {
  const { prompt } = await provider.interactionDetails(request, response)
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(page(uid, 'The club', '<label>Name <input name="person" autofocus></label>'))
    return
  }
  const said = new URLSearchParams(await read(request))
  const person = people.get(said.get('person'))
  const agreed = prompt.name === 'consent' && !said.has('cancel')
  const result = agreed ? { consent: {} } : !person || person.gone || said.has('cancel')
    ? { error: 'access_denied', error_description: 'nobody signed in' }
    : { login: { accountId: person.sub, amr: person.amr ?? ['pwd'], remember: false } }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: agreed })
}

// Ends the sessions of a person, and says so to us if `tell` is set, also if they are kept; the statuses of our answers.
const end = async (sub, tell, keep) => {
  const ours = await provider.Client.find(client_id)
  const said = []
  for (const session of new Store('Session').all().filter((row) => row.accountId === sub)) {
    if (!keep) rows.delete(`Session ${session.jti}`)
    const sid = session.authorizations?.[client_id]?.sid
    if (!sid || !tell) continue
    said.push(await ours.backchannelLogout(sub, sid).then(() => 200, (error) => error.response?.status ?? `${error}`))
  }
  return said
}

const control = async (order) => {
  const done = {}
  if (order.now) at = Machine.parse(order.now)
  if (order.client) Object.assign(client, order.client)
  if (order.person) people.set(order.person.sub, { ...people.get(order.person.sub), ...order.person })
  if (order.faults) faults = order.faults
  if (order.rotate) provider = start()
  if (order.end) done.ended = await end(order.end, order.tell, order.keep)
  if (order.revoke) {
    for (const [key, row] of rows) {
      if (row.accountId === order.revoke && !key.startsWith('Session ')) rows.delete(key)
    }
  }
  return { ...done, counts }
}

// A browser goes by the machine's clock, on which these cookies ended long ago.
const keepCookies = (response) => {
  const set = response.setHeader.bind(response)
  const forever = (cookie) => (cookie.includes('expires=Thu, 01 Jan 1970') ? cookie : cookie.replace(/; expires=[^;]*/i, ''))
  response.setHeader = (name, value) => set(name, /^set-cookie$/i.test(name) ? [value].flat().map(forever) : value)
}

const names = { '/.well-known/openid-configuration': 'metadata', '/jwks': 'keys', '/auth': 'authorize', '/token': 'token', '/me': 'userinfo' }

const serve = async (request, response) => {
  const { pathname } = new URL(request.url, issuer)
  if (pathname === '/control') {
    const answer = await control(JSON.parse(await read(request)))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
    return
  }
  const name = names[pathname] ?? 'page'
  counts[name] = (counts[name] ?? 0) + 1
  const fault = faults[name] ?? faults.all
  if (fault?.away) {
    request.socket.destroy()
    return
  }
  if (fault?.slow) await wait(fault.slow)
  if (fault?.status) {
    response.writeHead(fault.status, { 'content-type': 'text/html' })
    response.end('<h1>Something went wrong</h1>')
    return
  }
  keepCookies(response)
  const uid = /^\/interaction\/([\w-]+)$/.exec(pathname)?.[1]
  if (uid) await interact(request, response, uid)
  else await provider.callback()(request, response)
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error)
    if (!response.headersSent) response.writeHead(500)
    response.end()
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const issuer = `http://localhost:${server.address().port}`
let provider = start()
console.log(JSON.stringify({ issuer }))
