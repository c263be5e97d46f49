"""The official Python client, signing in.

    official.py URL STORE DOCUMENT|register somebody|nobody [CALL ...]

What the arguments are and what it prints: person.mjs. In a store that holds tokens the access token counts as expired, as
it does to a client that was away for long.
"""

import asyncio
import json
import os
import pathlib
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

url, store, way, who, *calls = sys.argv[1:]
file = pathlib.Path(store) / "kept.json"


class Store:
    def __init__(self):
        self.kept = json.loads(file.read_text()) if file.exists() else {}

    async def get_tokens(self):
        return OAuthToken.model_validate(self.kept["tokens"]) if "tokens" in self.kept else None

    async def set_tokens(self, tokens):
        self.keep("tokens", tokens)

    async def get_client_info(self):
        return OAuthClientInformationFull.model_validate(self.kept["client"]) if "client" in self.kept else None

    async def set_client_info(self, client):
        self.keep("client", client)

    def keep(self, name, value):
        self.kept[name] = value.model_dump(mode="json", exclude_none=True)
        file.write_text(json.dumps(self.kept))


def tell(address):
    print(json.dumps({"authorize": address}), flush=True)
    if who == "nobody":
        os._exit(0)


async def main():
    answer = asyncio.get_running_loop().create_future()

    async def callback(reader, writer):
        target = urlsplit((await reader.readline()).decode().split(" ")[1])
        while (await reader.readline()).strip():
            pass
        found = target.path == "/callback"
        status = "200 OK" if found else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        if found and not answer.done():
            query = parse_qs(target.query)
            names = [name for name in ("code", "state", "iss") if name in query]
            answer.set_result(AuthorizationCodeResult(**{name: query[name][0] for name in names}))

    async def wait():
        return await answer

    async def show(address):
        tell(address)

    listener = await asyncio.start_server(callback, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    storage = Store()
    provider = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata(
            client_name="Python official", redirect_uris=[f"http://localhost:{port}/callback"]
        ),
        storage=storage,
        redirect_handler=show,
        callback_handler=wait,
        client_metadata_url=None if way == "register" else way,
    )
    if "tokens" in storage.kept:
        provider.context.token_expiry_time = 1
    async with httpx2.AsyncClient(auth=provider, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http), mode="auto") as client:
            tools = (await client.list_tools()).tools
            answers = []
            for call in map(json.loads, calls):
                result = await client.call_tool(call["name"], call.get("arguments", {}))
                text = "\n".join(part.text for part in result.content if part.type == "text")
                answers.append({"name": call["name"], "isError": bool(result.is_error), "text": text})
            told = {"era": client.protocol_version, "tools": [{"name": tool.name} for tool in tools], "calls": answers}
            print(json.dumps(told, ensure_ascii=False), flush=True)


asyncio.run(main())
