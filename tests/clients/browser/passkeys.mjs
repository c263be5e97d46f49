// Passkeys by hand, with Chromium's own virtual authenticator: added, used to sign in without an address, as the second step and to
// confirm again, renamed, taken off. Without JavaScript there is no button.
//
//   passkeys.mjs WEB EMAIL PASSWORD with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what happened, and "problems": what the console said or was loaded from elsewhere.
import { picturesIn, withBrowser } from './launch.mjs'

const [web, email, password, mode, pictures] = process.argv.slice(2)
const javaScriptEnabled = mode === 'with-javascript'
const told = { problems: [], secrets: [] }
const picture = picturesIn(javaScriptEnabled && pictures)

await withBrowser(
  async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(message.text()))
    page.on('pageerror', (error) => told.problems.push(String(error)))
    page.on('request', (request) => {
      const { hostname } = new URL(request.url())
      if (!['localhost', '127.0.0.1'].includes(hostname)) told.problems.push(`asked ${hostname}`)
    })
    if (!javaScriptEnabled) return without(page)

    // The virtual authenticator would answer a question that waits in the field of the address as soon as it is asked, with nobody
    // choosing anything: the button is what is tried here.
    await page.addInitScript(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false })
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
    const presence = (enabled) =>
      devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })

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
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId })
    told.made = credentials.map((made) => ({ resident: made.isResidentCredential, rp: made.rpId }))
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
