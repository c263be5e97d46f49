// Passkeys by hand, with Chromium's own virtual authenticator: added, used to sign in without an address, from the list in the field of
// the address, for a client, as the second step and to confirm again, renamed, taken off. Without JavaScript there is no button.
//
//   passkeys.mjs WEB EMAIL PASSWORD with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what happened, and "problems": what the console said or was loaded from elsewhere.
import { startClient } from './client.mjs'
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, mode, pictures] = process.argv.slice(2)
const javaScriptEnabled = mode === 'with-javascript'
const told = { problems: [], secrets: [] }
const picture = picturesIn(javaScriptEnabled && pictures)

await withBrowser(
  async (context) => {
    const page = await opened(context)
    if (!javaScriptEnabled) return without(page)

    // The virtual authenticator would answer a question that waits in the field of the address as soon as it is asked, with nobody
    // choosing anything: the button is what is tried here.
    await page.addInitScript(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false })
    const { devtools, authenticatorId, presence, passkeys } = await authenticator(context, page)

    await byPassword(page)
    await page.waitForURL('**/dashboard')
    await page.goto(`${web}/account/factors`)
    await page.getByRole('link', { name: 'Add a passkey' }).click()
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByLabel('Name').fill('Virtual key')
    await picture(page, 'passkey-new')
    await page.getByRole('button', { name: 'Create the passkey' }).click()
    await page.waitForURL('**/account/factors/recovery-codes')
    told.secrets = (await page.locator('#recovery-codes').innerText()).trim().split(/\s+/)
    told.made = (await passkeys()).map((made) => ({ resident: made.isResidentCredential, rp: made.rpId }))
    await page.goto(`${web}/account/factors`)
    await picture(page, 'factors-with-passkey')

    // Without an address.
    await presence(false)
    await signOut(page)
    await page.goto(`${web}/sign-in`)
    await picture(page, 'sign-in-with-passkey')
    await presence(true)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL('**/dashboard')
    told.usernameless = true

    // The same, from the field of the address, and for a client.
    await presence(false)
    await signOut(page)
    // With its counter as it is: with an earlier one it would be taken for a copy.
    const [moved] = await fromTheField(context, await passkeys())
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId })
    await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: moved })
    const client = await startClient(web)
    await page.goto(client.address)
    await picture(page, 'authorize-with-passkey')
    await presence(true)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    const allow = page.locator('button[name=decision][value=allow]')
    await allow.waitFor()
    told.consent = await page.locator('main').innerText()
    await allow.click()
    await page.waitForURL(client.arrived)
    told.secrets.push(new URL(client.answer).searchParams.get('code'))
    told.tokens = await client.exchange()
    client.stop()

    // As the second step after the password.
    await presence(false)
    await signOut(page)
    await byPassword(page)
    await page.waitForURL('**/sign-in/factor')
    await picture(page, 'factor-with-passkey')
    // Nobody touches it, or somebody who is not its owner: the page says so and stays.
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await presence(true)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    const trouble = page.locator('form[data-passkey] [role=alert]')
    await trouble.waitFor({ state: 'visible' })
    told.trouble = await trouble.innerText()
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL('**/dashboard')
    told.second = true

    // Again: a factor was shown just now, so the page is opened by its address.
    await page.goto(`${web}/account/factor?next=regenerate`)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL('**/link/regenerate')
    told.again = true

    await page.goto(`${web}/account/factors`)
    await page.getByRole('link', { name: /^Rename or take off/ }).click()
    await page.locator('#name').fill('Old phone')
    await page.getByRole('button', { name: 'Save the name' }).click()
    await page.waitForURL('**/account/factors?done=passkey-renamed')
    told.renamed = await page.locator('main').innerText().then((text) => text.includes('Old phone'))
    await page.getByRole('link', { name: /^Rename or take off/ }).click()
    await picture(page, 'passkey-one')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Take it off' }).click()
    await page.waitForURL('**/account/factors?done=passkey-off')
    told.off = true

    // The device still has it; IcuSync no longer knows it.
    await presence(false)
    await signOut(page)
    await page.goto(`${web}/sign-in`)
    await presence(true)
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.getByText('IcuSync has no such passkey here').waitFor()
    await presence(false)
    await byPassword(page)
    await page.waitForURL('**/dashboard')
    told.withoutIt = true
  },
  { javaScriptEnabled, viewport: { width: 1200, height: 900 } },
)
console.log(JSON.stringify(told))

// A page that tells of what goes wrong on it.
async function opened(context) {
  const page = await context.newPage()
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(message.text()))
  page.on('pageerror', (error) => told.problems.push(String(error)))
  page.on('request', (request) => {
    const { hostname } = new URL(request.url())
    if (!['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(`asked ${hostname}`)
  })
  return page
}

// An authenticator for a page, which is touched as soon as somebody asks, unless `presence` says otherwise.
async function authenticator(context, page) {
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  const presence = (enabled) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  const passkeys = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  return { devtools, authenticatorId, presence, passkeys }
}

// The browser offers passkeys while the address is typed: somebody who takes one is in, and of somebody who presses the button instead
// the browser asks one question at a time. Returns the passkeys as they are then.
async function fromTheField(context, moved) {
  const page = await opened(context)
  const asked = []
  await page.exposeFunction('noted', (event) => asked.push(event))
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials)
    navigator.credentials.get = (options) => {
      globalThis.noted(options.mediation ?? 'at once')
      const answer = get(options)
      answer.catch((error) => globalThis.noted(error.name))
      return answer
    }
  })
  const { devtools, authenticatorId, presence, passkeys } = await authenticator(context, page)
  for (const credential of moved) await devtools.send('WebAuthn.addCredential', { authenticatorId, credential })

  // The virtual authenticator takes the first passkey from the list at once.
  await page.goto(`${web}/sign-in`)
  await page.waitForURL('**/dashboard')
  told.fromTheField = asked.splice(0)

  await presence(false)
  await signOut(page)
  await page.goto(`${web}/sign-in`)
  told.field = await page.getByLabel(/^E-?mail address/).getAttribute('autocomplete')
  const button = page.getByRole('button', { name: 'Use a passkey' })
  await button.waitFor()
  while (asked.length < 1) await page.waitForTimeout(20)
  await presence(true)
  await button.click()
  await page.waitForURL('**/dashboard')
  told.insteadOfTheField = asked.splice(0)
  await presence(false)
  await signOut(page)
  const used = await passkeys()
  await page.close()
  return used
}

async function byPassword(page) {
  await page.goto(`${web}/sign-in`)
  await page.getByLabel(/^E-?mail address/).fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function signOut(page) {
  await page.goto(`${web}/dashboard`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(`${web}/`)
}

async function without(page) {
  await page.goto(`${web}/sign-in`)
  told.buttons = await page.getByRole('button', { name: /passkey/i }).count()
  await byPassword(page)
  await page.waitForURL('**/dashboard')
  await page.goto(`${web}/account/passkeys/new`)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('it needs JavaScript').waitFor()
  told.buttons += await page.getByRole('button', { name: /passkey/i }).count()
}
