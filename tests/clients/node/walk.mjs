// What the TypeScript clients have in common: list every tool, make every call, print one line of JSON, as
// ../python/walk.py does.

export async function walk(client, era, calls) {
  const tools = []
  for (let cursor; ; ) {
    const page = await client.listTools(cursor ? { cursor } : undefined)
    tools.push(...page.tools)
    cursor = page.nextCursor
    if (!cursor) break
  }
  const answers = []
  for (const call of calls) {
    const result = await client.callTool(call)
    const text = result.content.filter((part) => part.type === 'text').map((part) => part.text)
    answers.push({ name: call.name, isError: result.isError ?? false, text: text.join('\n') })
  }
  console.log(JSON.stringify({ era, instructions: client.getInstructions(), tools, calls: answers }))
}

// URL and calls, from the command line.
export function asked() {
  const [url, ...calls] = process.argv.slice(2)
  return { url, calls: calls.map((call) => JSON.parse(call)) }
}
