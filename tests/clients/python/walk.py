"""The official Python MCP client, walking through a connector URL as a person's client would.

    walk.py URL ['{"name": "get_fitness", "arguments": {"oldest": "2026-11-01"}}' ...]

It connects once in each protocol era (2026-07-28 with server/discover, 2025-11-25 with initialize), lists the tools,
makes each call in turn, and prints one line of JSON an era:

    {"era": "2026-07-28", "instructions": "…", "tools": [{"name": …, "title": …, …}], "calls": [{"name": …, "isError": false, "text": "…"}]}

It ends with 1 when it cannot connect or list, when a call ends in a protocol error, when an era is not the one asked
for, or when the two eras list different tools. A tool's own error (isError) is an answer: the caller judges it.
"""

import asyncio
import json
import sys

from mcp import Client

# How the client negotiates, and the revision it must end up with. "auto" asks server/discover first, as clients do now.
ERAS = [("auto", "2026-07-28"), ("legacy", "2025-11-25")]


async def walk(url: str, mode: str, calls: list[dict]) -> dict:
    async with Client(url, mode=mode, read_timeout_seconds=60) as client:
        tools, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        answers = []
        for call in calls:
            result = await client.call_tool(call["name"], call.get("arguments", {}))
            text = "\n".join(part.text for part in result.content if part.type == "text")
            answers.append({"name": call["name"], "isError": bool(result.is_error), "text": text})
        return {
            "era": client.protocol_version,
            "instructions": client.instructions,
            "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools],
            "calls": answers,
        }


async def main(url: str, calls: list[dict]) -> None:
    seen = {}
    for mode, era in ERAS:
        told = await walk(url, mode, calls)
        print(json.dumps(told, ensure_ascii=False), flush=True)
        if told["era"] != era:
            raise SystemExit(f"asked for {era}, got {told['era']}")
        seen[era] = json.dumps(told["tools"], sort_keys=True)
    if len(set(seen.values())) != 1:
        raise SystemExit("the two eras list different tools")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    asyncio.run(main(sys.argv[1], [json.loads(call) for call in sys.argv[2:]]))
