"""fastmcp's client, signing in; how it is called and what it prints: person.mjs

A stored access token counts as expired, as in official.py.
"""

import asyncio
import json
import os
import pathlib
import sys
import webbrowser

from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.auth.oauth import TokenStorageAdapter
from key_value.aio.stores.filetree import FileTreeStore, FileTreeV1KeySanitizationStrategy

url, store, way, who, *calls = sys.argv[1:]


def show(address):
    print(json.dumps({"authorize": address}), flush=True)
    if who == "nobody":
        os._exit(0)
    return True


async def long_ago(self):
    return 1


async def main():
    # It opens the browser itself.
    webbrowser.open = show
    TokenStorageAdapter.get_token_expiry = long_ago
    folder = pathlib.Path(store)
    kept = FileTreeStore(
        data_directory=folder, key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder)
    )
    auth = OAuth(token_storage=kept, client_metadata_url=None if way == "register" else way)
    async with Client(url, auth=auth, mode="auto", timeout=60) as client:
        tools = await client.list_tools()
        answers = []
        for call in map(json.loads, calls):
            result = await client.call_tool(call["name"], call.get("arguments", {}), raise_on_error=False)
            text = "\n".join(part.text for part in result.content if part.type == "text")
            answers.append({"name": call["name"], "isError": bool(result.is_error), "text": text})
        told = {"era": client.protocol_version, "tools": [{"name": tool.name} for tool in tools], "calls": answers}
        print(json.dumps(told, ensure_ascii=False), flush=True)


asyncio.run(main())
