// Two people sign up with one address at once: a stranger, who cannot read its mails, and its owner, who opens both mails.
//
//   sign-up-twice.mjs WEB INBOX EMAIL with-javascript|without-javascript [PICTURES]
//
// Prints one line of JSON: what each saw, and whether anything in the console was not as it should be.
import { picturesIn, withBrowser } from './launch.mjs'

const [web, inbox, email, mode, pictures] = process.argv.slice(2)
const options = { javaScriptEnabled: mode === 'with-javascript', viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' }
const password = 'chosen by who reads the mail'
const told = { problems: [], secrets: [password] }
const picture = picturesIn(pictures)

await withBrowser(
  (stranger) =>
    withBrowser(async (owner) => {
      const [theirs, own] = [await stranger.newPage(), await owner.newPage()]
      watch(theirs)
      watch(own)
      told.stranger = await signUp(theirs)
      told.owner = await signUp(own)
      const links = await linksInTheMails(own, 2)
      told.secrets.push(...links.map((link) => link.split('/').pop()))

      // The owner cannot tell which mail is whose, and need not: the one that the stranger asked for does as well.
      await own.goto(links[0])
      await picture(own, 'twice-confirm')
      told.confirm = await own.locator('main').innerText()
      await own.getByLabel('Choose a password').fill(password)
      await own.getByRole('button', { name: 'Create my account' }).click()
      await own.waitForURL('**/dashboard')
      told.signedIn = await own.getByText('Signed in as').innerText()
      await own.goto(links[1])
      told.second = await own.locator('main').innerText()
      await picture(own, 'twice-second-mail')

      // The stranger can ask once more and learns nothing of what became of it.
      told.again = await signUp(theirs)
    }, options),
  options,
)
console.log(JSON.stringify(told))

async function signUp(page) {
  await page.goto(`${web}/sign-up`)
  await page.getByLabel(/^E-?mail address/).fill(email)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.waitForURL('**/sign-up/sent')
  return page.locator('main').innerText()
}

async function linksInTheMails(page, count) {
  for (const until = Date.now() + 15_000; Date.now() < until; ) {
    const mails = await (await page.request.get(`${inbox}/mails.json`)).json()
    const links = mails
      .filter((mail) => mail.to === email)
      .flatMap((mail) => mail.text.split('\n').filter((line) => line.startsWith(`${web}/confirm/`)))
    if (links.length >= count) return links
    await page.waitForTimeout(100)
  }
  throw new Error('the mails did not come')
}

function watch(page) {
  // The page about a link that is over is a 410, of which a browser speaks in its console.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('410')) told.problems.push(message.text())
  })
  page.on('pageerror', (error) => told.problems.push(String(error)))
}
