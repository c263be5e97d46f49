"""fastmcp's client, walking through a connector URL; says what walk.py says, in the same form.

    walk_fastmcp.py URL ['{"name": "get_fitness", "arguments": {"oldest": "2026-11-01"}}' ...]
"""

import asyncio
import json
import sys

from fastmcp import Client

ERAS = [("auto", "2026-07-28"), ("legacy", "2025-11-25")]


async def walk(url: str, mode: str, calls: list[dict]) -> dict:
    async with Client(url, mode=mode, timeout=60) as client:
        tools = await client.list_tools()
        answers = []
        for call in calls:
            result = await client.call_tool(call["name"], call.get("arguments", {}), raise_on_error=False)
            text = "\n".join(part.text for part in result.content if part.type == "text")
            answers.append({"name": call["name"], "isError": bool(result.is_error), "text": text})
        return {
            "era": client.protocol_version,
            "instructions": client.instructions,
            "tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools],
            "calls": answers,
        }


async def main(url: str, calls: list[dict]) -> None:
    for mode, era in ERAS:
        told = await walk(url, mode, calls)
        print(json.dumps(told, ensure_ascii=False), flush=True)
        if told["era"] != era:
            raise SystemExit(f"asked for {era}, got {told['era']}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], [json.loads(call) for call in sys.argv[2:]]))
