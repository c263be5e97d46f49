//! Malformed, contradictory and odd messages: each has one answer of our own, and the service keeps working.

use icusync::tools::CATALOGUE;
use serde_json::{Value, json};

use crate::{
    mcp_bench::{Bench, call, meta, modern_call},
    world,
};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn both_eras_are_served_without_a_session() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18",
            "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
        let reply = bench.post(&[], hello.to_string()).await;
        let result = &reply.json()["result"];
        assert_eq!(reply.status, 200);
        assert_eq!(result["protocolVersion"], "2025-06-18");
        assert_eq!(result["serverInfo"]["name"], "IcuSync");
        assert_eq!(result["capabilities"], json!({"tools": {}}));
        assert!(result["instructions"].as_str().unwrap().contains("intervals.icu"));
        assert_eq!(reply.header("mcp-session-id"), None);
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(bench.legacy(&ready).await.status, 202);
        assert_eq!(bench.legacy(&json!({"jsonrpc": "2.0", "id": 2, "method": "ping"})).await.json()["result"], json!({}));

        let discover = json!({"jsonrpc": "2.0", "id": "a", "method": "server/discover",
            "params": {"_meta": meta("2026-07-28")}});
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "server/discover")];
        let reply = bench.post(&headers, discover.to_string()).await;
        let result = &reply.json()["result"];
        assert_eq!((reply.status, &reply.json()["id"]), (200, &json!("a")));
        assert_eq!(result["cacheScope"], "private");
        assert!(result["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")));
        let (text, error) = bench.modern("echo", json!({"text": "hi"}), &[]).await.result();
        assert_eq!((text.as_str(), error), (r#"Ana Berger Europe/Berlin 2026-11-21 {"text":"hi"}"#, false));
        let (text, _) = bench.call("echo", json!({})).await.result();
        assert_eq!(text, "Ana Berger Europe/Berlin 2026-11-21 {}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_private_whole_and_always_the_same() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta("2026-07-28")}});
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
        let modern = bench.post(&headers, list.to_string()).await;
        assert_eq!(modern.json()["result"]["cacheScope"], "private");
        assert!(modern.json()["result"]["ttlMs"].as_u64().unwrap() > 0);
        assert_eq!(bench.post(&headers, list.to_string()).await, modern);
        let legacy = bench.post(&[], LIST).await.json();
        assert_eq!(legacy["result"]["tools"], modern.json()["result"]["tools"]);
        assert!(legacy["result"].get("nextCursor").is_none());
        let first = &legacy["result"]["tools"][0];
        assert_eq!(first["name"], "echo");
        assert_eq!(
            first["annotations"],
            json!({"title": "A tool for tests", "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
                "openWorldHint": false})
        );
        let next = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": "x"}});
        assert_eq!(bench.legacy(&next).await.code(), -32602);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_as_it_was_published_in_both_eras() {
    world::test(async |world| {
        let bench = Bench::mounted(&world, icusync::tools::CATALOGUE, |_| ()).await;
        let list =
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta("2026-07-28")}});
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/list"),
        ];
        let modern = bench.post(&headers, list.to_string()).await.json()["result"].clone();
        let legacy = bench.post(&[], LIST).await.json()["result"].clone();
        assert_eq!(legacy["tools"], modern["tools"]);
        // The arguments have a snapshot with the tools; this one is of what surrounds them.
        let around = |mut result: Value| {
            for tool in result["tools"].as_array_mut().unwrap() {
                let entry = tool.as_object_mut().unwrap();
                assert!(entry.remove("inputSchema").is_some() && entry.remove("description").is_some());
            }
            serde_json::to_string_pretty(&result).unwrap()
        };
        insta::assert_snapshot!("list_2026_07_28", around(modern));
        insta::assert_snapshot!("list_2025_11_25", around(legacy));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_contradict_the_message_are_refused() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for (extra, code) in [
            (vec![("mcp-name", "other")], -32020),
            (vec![("mcp-method", "")], -32020),
            (
                vec![
                    ("mcp-protocol-version", "2026-07-28"),
                    ("mcp-protocol-version", "2026-07-28"),
                ],
                -32600,
            ),
            (vec![("mcp-name", "echo"), ("mcp-name", "echo")], -32020),
            (vec![("mcp-name", "=?base64?!!!?=")], -32020),
        ] {
            let reply = bench.modern("echo", json!({}), &extra).await;
            assert_eq!(
                (reply.status, reply.code()),
                (400, code),
                "{extra:?}: {}",
                reply.body
            );
        }
        // "echo" in the sentinel form is the same name.
        let reply = bench
            .modern("echo", json!({}), &[("mcp-name", "=?base64?ZWNobw==?=")])
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let mut future = modern_call("echo", json!({}));
        future["params"]["_meta"] = meta("2099-01-01");
        let headers = [
            ("mcp-protocol-version", "2099-01-01"),
            ("mcp-method", "tools/call"),
            ("mcp-name", "echo"),
        ];
        let reply = bench.post(&headers, future.to_string()).await;
        assert_eq!((reply.status, reply.code()), (400, -32022));
        assert!(
            reply.json()["error"]["data"]["supported"]
                .as_array()
                .unwrap()
                .contains(&json!("2026-07-28")),
            "{}",
            reply.body
        );
        assert_eq!(
            bench
                .post(&[("mcp-protocol-version", "1999-01-01")], LIST)
                .await
                .status,
            400
        );
        // A missing header is what the oldest clients send.
        assert_eq!(bench.post(&[], LIST).await.status, 200);
        assert_eq!(
            bench
                .post(
                    &[("mcp-session-id", "\u{1}garbage".trim_start_matches('\u{1}'))],
                    LIST
                )
                .await
                .status,
            200
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_decides_of_which_revision_it_is_unless_the_shim_is_off() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let strict = Bench::with(&world, |config| config.mcp_header_shim = false).await;
        let initialize = |version: &str| {
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": version,
                "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}})
        };
        let legacy = |method: &str| json!({"jsonrpc": "2.0", "id": 1, "method": method});
        let newer = |method: &str| {
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta("2026-07-28")}})
        };
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let strays = [
            vec![],
            vec![("mcp-method", "tools/list")],
            vec![("mcp-method", "tools/call"), ("mcp-name", "echo")],
            vec![("mcp-method", "ping"), ("mcp-name", "other")],
        ];
        // A message of before 2026-07-28 under its header.
        for stray in &strays {
            let headers = [&[("mcp-protocol-version", "2026-07-28")], &stray[..]].concat();
            let post = async |message: &Value| bench.post(&headers, message.to_string()).await;
            let (text, error) = post(&call("echo", json!({"text": "x"}))).await.result();
            assert!(!error && text.starts_with("Ana Berger"), "{stray:?}: {text}");
            let list = post(&legacy("tools/list")).await;
            assert!(list.json()["result"]["tools"].is_array(), "{stray:?}: {list:?}");
            assert_eq!(post(&legacy("ping")).await.json()["result"], json!({}), "{stray:?}");
            assert_eq!(post(&ready).await.status, 202, "{stray:?}");
        }
        // A message of 2026-07-28 under an older header, or under none.
        for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", ""] {
            for stray in &strays {
                let headers = [&[("mcp-protocol-version", version)], &stray[..]].concat();
                let reply = bench.post(&headers, modern_call("echo", json!({"text": "x"})).to_string()).await;
                assert!(reply.result().0.starts_with("Ana Berger"), "{version} {stray:?}");
                assert_eq!(reply.json()["result"]["resultType"], "complete", "{version} {stray:?}");
                let list = bench.post(&headers, newer("tools/list").to_string()).await;
                assert_eq!(list.json()["result"]["cacheScope"], "private", "{version} {stray:?}");
            }
        }
        // A greeting names its version itself.
        for header in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
            for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
                for stray in &strays {
                    let headers = [&[("mcp-protocol-version", header)], &stray[..]].concat();
                    let reply = bench.post(&headers, initialize(version).to_string()).await;
                    let result = &reply.json()["result"];
                    assert_eq!(result["protocolVersion"], version, "{header} {stray:?}: {reply:?}");
                }
            }
        }
        // Strictly, each is a contradiction.
        let older = [("mcp-protocol-version", "2025-11-25")];
        let reply = strict.post(&older, modern_call("echo", json!({})).to_string()).await;
        assert_eq!((reply.status, reply.code()), (400, -32020));
        let under = [("mcp-protocol-version", "2026-07-28")];
        for message in [call("echo", json!({})), legacy("tools/list")] {
            let reply = strict.post(&under, message.to_string()).await;
            assert_eq!((reply.status, reply.code()), (400, -32020), "{message}");
        }
        let reply = strict.post(&under, initialize("2025-11-25").to_string()).await;
        assert_eq!((reply.status, reply.code()), (400, -32600), "{reply:?}");
    })
    .await;
}

/// Every header, every `_meta`, every naming of the method: only a message of 2026-07-28 under its own header needs the
/// headers that go with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_the_newer_meta_is_served_under_any_known_header() {
    const VERSIONS: [&str; 5] = [
        "2024-11-05",
        "2025-03-26",
        "2025-06-18",
        "2025-11-25",
        "2026-07-28",
    ];
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.calls_per_minute = 60_000).await;
        let bare = |version: &str| json!({"io.modelcontextprotocol/protocolVersion": version});
        let mut metas = vec![None, Some(json!({})), Some(json!({"progressToken": 1}))];
        metas.extend(VERSIONS.map(|version| Some(meta(version))));
        metas.extend(VERSIONS[..4].iter().map(|version| Some(bare(version))));
        for header in [
            "",
            "2024-11-05",
            "2025-03-26",
            "2025-06-18",
            "2025-11-25",
            "2026-07-28",
        ] {
            for given in &metas {
                let newer = given.as_ref().is_some_and(|given| *given == meta("2026-07-28"));
                for method in ["tools/list", "tools/call"] {
                    let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": method});
                    if method == "tools/call" {
                        message["params"] = json!({"name": "echo"});
                    }
                    if let Some(given) = given {
                        message["params"]["_meta"] = given.clone();
                    }
                    let right = match method {
                        "tools/call" => vec![("mcp-method", method), ("mcp-name", "echo")],
                        _ => vec![("mcp-method", method)],
                    };
                    for (named, is_right) in [
                        (vec![], false),
                        (right, true),
                        (vec![("mcp-method", "ping"), ("mcp-name", "other")], false),
                    ] {
                        let headers = [&[("mcp-protocol-version", header)], &named[..]].concat();
                        let reply = bench.post(&headers, message.to_string()).await;
                        let context = format!("{header:?} {given:?} {named:?} {method}: {}", reply.body);
                        if newer && header == "2026-07-28" && !is_right {
                            assert_eq!((reply.status, reply.code()), (400, -32020), "{context}");
                            continue;
                        }
                        assert_eq!(reply.status, 200, "{context}");
                        let result = &reply.json()["result"];
                        assert!(
                            result["tools"].is_array() || result["content"].is_array(),
                            "{context}"
                        );
                        assert_eq!(result["resultType"] == "complete", newer, "{context}");
                    }
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_can_be_capped() {
    world::test(async |world| {
        let bench = Bench::with(&world, |config| config.mcp_legacy_only = true).await;
        let reply = bench.modern("echo", json!({}), &[]).await;
        assert_eq!((reply.status, reply.code()), (400, -32022));
        assert!(
            !reply.json()["error"]["data"]["supported"]
                .as_array()
                .unwrap()
                .contains(&json!("2026-07-28"))
        );
        assert!(
            bench
                .call("echo", json!({}))
                .await
                .result()
                .0
                .contains("Ana Berger")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_message_is_refused_without_the_parsers_text() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let nested = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","x":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
        let surrogate = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"\ud800"}}}"#;
        let nan = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":NaN}"#;
        let malformed: [&[u8]; 9] = [
            b"",
            b"{",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{}",
            nan.as_bytes(),
            nested.as_bytes(),
            surrogate.as_bytes(),
            b"{} {}",
            b"\0",
        ];
        for body in malformed {
            let reply = bench.post(&[], body).await;
            assert_eq!((reply.status, reply.code()), (400, -32700), "{}", String::from_utf8_lossy(body));
            assert_eq!(reply.json()["id"], Value::Null);
            assert!(!reply.body.contains("line") && !reply.body.contains("column"), "{}", reply.body);
        }
        for body in [
            json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}]),
            json!([]),
            json!(1),
            json!({}),
            json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": null, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 1e30, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": {}, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": 5}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": "x"}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
            json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x"}}),
        ] {
            let reply = bench.post(&[], body.to_string()).await;
            assert_eq!((reply.status, reply.code()), (400, -32600), "{body}");
        }
        assert_eq!(bench.post(&[], LIST).await.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_a_protocol_error() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let unknown = bench.call("get_secrets", json!({})).await;
        assert_eq!(unknown.code(), -32602);
        assert!(!unknown.body.contains("get_secrets"));
        let method = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/steal", "params": {"_meta": meta("2026-07-28")}});
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/steal")];
        let reply = bench.post(&headers, method.to_string()).await;
        assert_eq!((reply.status, reply.code()), (404, -32601));
        let twice = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","name":"hangs","arguments":{{}},"_meta":{}}}}}"#,
            meta("2026-07-28")
        );
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "hangs")];
        let reply = bench.post(&headers, twice).await;
        assert_eq!((reply.status, reply.code()), (200, -32602), "{}", reply.body);
        // Some clients ask for what no capability promised: an empty list keeps them quiet.
        for (method, list) in [
            ("prompts/list", "prompts"),
            ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
        ] {
            let reply = bench
                .legacy(&json!({"jsonrpc": "2.0", "id": 1, "method": method}))
                .await;
            assert_eq!(reply.json()["result"][list], json!([]), "{method}");
        }
        for method in ["resources/read", "logging/setLevel", "prompts/get"] {
            let params = json!({"uri": "x", "level": "debug", "name": "x"});
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            assert_eq!(bench.legacy(&message).await.code(), -32601, "{method}");
        }
        let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/get"});
        assert_eq!(bench.legacy(&bare).await.code(), -32601);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_names_no_tool_has_invalid_params() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call"});
        let reply = bench.legacy(&bare).await;
        assert_eq!((reply.status, reply.code()), (200, -32602), "{}", reply.body);
        let newer = [("mcp-protocol-version", "2026-07-28")];
        assert_eq!(
            bench.post(&newer, bare.to_string()).await,
            reply,
            "no _meta: an older message"
        );
        for params in [
            json!({}),
            json!({"name": 5}),
            json!({"name": null}),
            json!({"name": ["echo"]}),
            json!(null),
        ] {
            let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
            assert_eq!(bench.legacy(&message).await, reply, "{params}");
            message["params"]["_meta"] = meta("2026-07-28");
            let headers = [newer[0], ("mcp-method", "tools/call"), ("mcp-name", "5")];
            let reply = bench.post(&headers, message.to_string()).await;
            assert_eq!(
                (reply.status, reply.code()),
                (200, -32602),
                "{params}: {}",
                reply.body
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_are_no_object_are_the_callers_mistake() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for arguments in [json!([1]), json!("x"), json!(7), json!(true)] {
            let (text, error) = bench.call("echo", arguments.clone()).await.result();
            assert!(error && text.contains("JSON object"), "{arguments}: {text}");
            let (_, error) = bench.modern("echo", arguments, &[]).await.result();
            assert!(error);
        }
        assert!(!bench.call("echo", json!(null)).await.result().1);
        let none = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo"}});
        assert!(!bench.legacy(&none).await.result().1);
        // Of an argument given twice, the last one counts.
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a","text":"b"}}}"#;
        assert!(bench.post(&[], twice).await.result().0.ends_with(r#"{"text":"b"}"#));
        bench.until("select outcome from activity_log where outcome = 'input' group by 1", &["input"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_text_in_an_argument_passes_or_is_refused_and_breaks_nothing() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for text in ["\0", "\u{202e}abc", "\u{e0041}", "'; drop table links; --"] {
            let reply = bench.call("echo", json!({"text": text})).await;
            assert_eq!(reply.status, 200, "{text:?}");
            assert!(!reply.result().1);
        }
        let long = "x".repeat(1_000_000);
        assert_eq!(bench.call("echo", json!({"text": long})).await.status, 413);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_at_most_512_kib_however_it_is_framed() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let message = |length: usize| {
            let frame = call("echo", json!({"text": ""})).to_string().len();
            let body = call("echo", json!({"text": "x".repeat(length - frame)})).to_string();
            assert_eq!(body.len(), length);
            body
        };
        let chunked = |body: &str| {
            let mut bytes = bench.request(
                "POST",
                &bench.path,
                &[("content-length", ""), ("transfer-encoding", "chunked")],
                b"",
            );
            for piece in body.as_bytes().chunks(10_000) {
                bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            bytes
        };
        let (fits, over) = (message(524_288), message(524_289));
        assert_eq!(bench.post(&[], &fits).await.status, 200);
        assert_eq!(bench.raw(&chunked(&fits)).await.status, 200);
        assert_eq!(bench.post(&[], &over).await.status, 413);
        assert_eq!(bench.raw(&chunked(&over)).await.status, 413);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn framing_that_two_servers_could_read_differently_is_refused() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let raw =
            |extra: &[(&str, &str)], body: &str| bench.request("POST", &bench.path, extra, body.as_bytes());
        let chunked = [("content-length", ""), ("transfer-encoding", "chunked")];
        for bytes in [
            // A chunk size beyond 64 bits, and one that is not a number.
            raw(&chunked, "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
            raw(&chunked, "zz\r\n{}\r\n0\r\n\r\n"),
            raw(&[("content-length", "2"), ("content-length", "3")], "{} "),
            raw(&[("content-length", "+5")], "{}   "),
            raw(&[("transfer-encoding", "gzip"), ("content-length", "")], "{}"),
        ] {
            let reply = bench.raw(&bytes).await;
            assert_eq!(reply.status, 400, "{}", String::from_utf8_lossy(&bytes));
        }
        let head = format!("POST {} HTTP/1.1\r\nhost: {}\r\n", bench.path, bench.host);
        for odd in [
            "x : y\r\n\r\n",
            " folded: x\r\n\r\n",
            "x: a\0b\r\n\r\n",
            "x\r\n\r\n",
        ] {
            assert_eq!(
                bench.raw(format!("{head}{odd}").as_bytes()).await.status,
                400,
                "{odd:?}"
            );
        }
        // Both framings at once: one answer, and the connection ends with it.
        let both = raw(
            &[
                ("connection", "keep-alive"),
                ("transfer-encoding", "chunked"),
                ("content-length", "3"),
            ],
            "0\r\n\r\n",
        );
        let reply = bench.raw(&both).await;
        assert!(reply.status == 400, "{reply:?}");
        let many = format!("{head}x: {}\r\n\r\n", "y".repeat(200_000));
        assert_eq!(bench.raw(many.as_bytes()).await.status, 431);
        let long = format!(
            "POST /{} HTTP/1.1\r\nhost: {}\r\n\r\n",
            "y".repeat(70_000),
            bench.host
        );
        assert_eq!(bench.raw(long.as_bytes()).await.status, 414);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_negotiated_with_patience() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        for accept in [
            "*/*",
            "",
            "application/json",
            "application/*;q=0.8",
            "text/event-stream, */*;q=0.1",
        ] {
            let reply = bench.post(&[("accept", accept)], LIST).await;
            assert_eq!(reply.status, 200, "{accept:?}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
        // A header that is present but empty.
        let mut bytes = bench.request("POST", &bench.path, &[("accept", "")], b"");
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(b"accept:\r\n\r\n");
        let empty = String::from_utf8(bytes)
            .unwrap()
            .replace("content-length: 0", &format!("content-length: {}", LIST.len()));
        let reply = bench.raw(format!("{empty}{LIST}").as_bytes()).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("application/json"))
        );
        for accept in ["text/html", "text/event-stream", "image/png, text/plain;q=0.5"] {
            let reply = bench.post(&[("accept", accept)], LIST).await;
            assert_eq!(reply.status, 406, "{accept}");
            assert!(
                reply.body.starts_with("Answers here are JSON: send Accept:"),
                "{reply:?}"
            );
        }
        let json = ("content-type", "application/json");
        for other in ["application/json", "text/plain"] {
            let reply = bench.post(&[json, ("content-type", other)], LIST).await;
            assert_eq!((reply.status, reply.code()), (400, -32600), "{other}");
            assert!(reply.body.contains("Send one Content-Type header"), "{reply:?}");
        }
        for kind in [
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            assert_eq!(
                bench.post(&[("content-type", kind)], LIST).await.status,
                415,
                "{kind:?}"
            );
        }
        assert_eq!(
            bench
                .post(&[("content-type", "Application/JSON; charset=utf-8")], LIST)
                .await
                .status,
            200
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_host_and_our_pages_reach_a_link() {
    world::test(async |world| {
        let bench = Bench::of(&world).await;
        let host = bench.host.clone();
        for (hosts, status) in [
            (vec![("host", "evil.example")], 421),
            (vec![("host", "")], 400),
            (vec![("host", host.as_str()), ("host", host.as_str())], 400),
            (vec![("host", "a b")], 421),
            (vec![("host", host.as_str())], 200),
        ] {
            assert_eq!(bench.post(&hosts, LIST).await.status, status, "{hosts:?}");
        }
        let absolute = bench.request(
            "POST",
            &format!("http://evil.example{}", bench.path),
            &[],
            LIST.as_bytes(),
        );
        let reply = bench.raw(&absolute).await;
        assert_eq!(reply.status, 400);
        assert!(!reply.body.contains("evil"));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            assert_eq!(
                bench.post(&[("origin", origin)], LIST).await.status,
                403,
                "{origin}"
            );
        }
        let own = bench.app.config.public_url.as_str().to_owned();
        assert_eq!(bench.post(&[("origin", &own)], LIST).await.status, 200);
    })
    .await;
}

/// Hard cases 12, 30 and 31, for every tool: a bad argument is refused by its name, without its value.
#[tokio::test(flavor = "multi_thread")]
async fn every_tool_refuses_what_it_does_not_take_and_names_it() {
    world::test(async |world| {
        world.let_write(world.ana()).await;
        world.with_everything_shared().await;
        world.with_every_group().await;
        let bench = Bench::mounted(&world, CATALOGUE, |config| config.calls_per_minute = 60_000).await;
        for tool in CATALOGUE {
            let junk = format!("{}\"junk\"{}", "[".repeat(110), "]".repeat(110));
            let junk: Value = serde_json::from_str(&junk).unwrap();
            let (text, error) = bench
                .call(tool.name(), json!({"unheard_of": junk}))
                .await
                .result();
            assert!(
                error && text.contains("unknown argument «unheard_of»") && !text.contains("junk"),
                "{}: {text}",
                tool.name()
            );

            let schema = tool.schema();
            let required: Vec<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default();
            for (name, property) in schema["properties"].as_object().unwrap() {
                let mut wrong = vec![json!({"sent": "sent"}), json!([["sent"]])];
                if property["type"] == "integer" || property["type"] == "number" {
                    wrong.push(serde_json::from_str("99999999999999999999999").unwrap());
                    wrong.push(json!(-1e300));
                }
                for value in wrong {
                    let (text, error) = bench.call(tool.name(), json!({name: value})).await.result();
                    let named =
                        text.contains(name.as_str()) || required.iter().any(|name| text.contains(name));
                    let quiet = !text.contains("sent") && !text.contains("9999");
                    assert!(error && named && quiet, "{} {name} {value}: {text}", tool.name());
                }
                if property["type"] == "string" {
                    for value in ["\0", "\u{202e}abc", "\u{e0041}", "\u{feff}", "👩‍🚴"] {
                        let reply = bench.call(tool.name(), json!({name: value})).await;
                        assert_eq!(reply.status, 200);
                        let (text, _) = reply.result();
                        assert!(
                            !text.contains(['\0', '\u{202e}', '\u{e0041}']),
                            "{} {name}: {text:?}",
                            tool.name()
                        );
                    }
                }
            }
        }
    })
    .await;
}

/// Hard case 31, for every tool: an escaped lone surrogate is not JSON text, and nothing beyond the body's limit is read.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_text_reach_no_tool() {
    world::test(async |world| {
        let bench = Bench::mounted(&world, CATALOGUE, |_| ()).await;
        for tool in CATALOGUE {
            let message = call(tool.name(), json!({"oldest": "X"})).to_string();
            let reply = bench.post(&[], message.replace('X', r"\udfff")).await;
            assert_eq!((reply.status, reply.code()), (400, -32700), "{}", tool.name());
            let long = bench
                .call(tool.name(), json!({"oldest": "x".repeat(1_000_000)}))
                .await;
            assert_eq!(long.status, 413, "{}", tool.name());
        }
        assert_eq!(bench.ask("select count(*)::text from activity_log").await, ["0"]);
    })
    .await;
}
