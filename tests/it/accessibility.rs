//! Every page for everyone: axe-core finds nothing, in light and dark, on a desk and on a phone; without JavaScript no button does
//! nothing.

use std::time::Duration;

use icusync::demo::seed::PASSWORD;

use crate::{
    clients::{output, script, tool},
    door_pages::{as_json, met},
    links::url_on,
    world::scratch,
};

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page() {
    met(
        |_| (),
        async |world, pages| {
            let folder = scratch("accessibility");
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join("met.json");
            std::fs::write(&file, as_json(&pages).to_string()).unwrap();
            let pictures = std::env::var("ICUSYNC_PICTURES").unwrap_or_default();
            // So that there are rows to check. The recovery gave her another connector URL.
            let mut browser = world.signed_in(&world.ana().clone()).await;
            let mcp = world.mcp(&url_on(&browser.get("/connector").await));
            mcp.call("get_fitness", serde_json::json!({})).await;
            mcp.call("get_fitness", serde_json::json!({"nonsense": 1})).await;
            let mut browser = world.let_write(&world.ana().clone()).await;
            mcp.call("push_workout", crate::changes::workout("2026-11-25", "Easy"))
                .await;
            let grant = crate::coaches::invite_somebody(&world, &mut browser).await;
            world.app_of(&world.ana().clone(), true).await;
            world.with_every_group().await;
            let ride = crate::files::ride(&world).await;
            let asked = serde_json::json!({"activity": ride, "kind": "gpx"});
            let answer = mcp.call("get_file", asked).await;
            let url = crate::files::link_in(&world, answer.text());
            let download = url.strip_prefix(&world.web).unwrap();
            let listed = browser.get("/apps").await;
            let app = listed.attribute("a[href^='/apps/']", "href").unwrap();
            let (modules, script) = (script("modules.mjs"), script("browser/accessibility.mjs"));
            let strangers = [
                "/",
                download,
                "/files/gone",
                "/steps",
                "/personal-coach",
                "/for-coaches",
                "/for-coaches/sent",
                "/for-coaches/resend/confirm",
                "/for-coaches/resend/done",
                "/for-coaches/regenerate/done",
                "/for-coaches/my-roster",
                "/for-coaches/erased",
                "/support",
                "/privacy",
                "/check",
                "/status",
                "/sign-up",
                "/sign-up/sent",
                "/sign-in",
                "/forgot",
                "/forgot/sent",
                "/confirm",
                "/account/deleted",
                "/nothing",
            ];
            let athletes = [
                "/dashboard?done=connected",
                "/connector?done=tools",
                "/steps",
                "/activity",
                "/activity?access=write",
                "/activity?outcome=failed",
                "/activity?from=nonsense",
                "/coaches",
                "/coaches?done=revoked",
                "/coaches/invite",
                &grant,
                "/connect",
                "/disconnect",
                "/link/regenerate",
                "/account?done=others",
                "/apps?done=saved",
                &app,
                "/account/ways",
                "/account/password",
                "/account/address",
                "/account/address/sent",
                "/account/delete",
                "/",
            ];
            let mut arguments = vec![
                "--import",
                &modules,
                &script,
                &world.web,
                world.ana().person.email,
                PASSWORD,
                file.to_str().unwrap(),
                &pictures,
            ];
            arguments.extend(strangers);
            arguments.push("--");
            arguments.extend(athletes);
            let said = output(&tool("ICUSYNC_NODE"), &arguments, Duration::from_mins(10)).await;
            let wrong: Vec<String> = serde_json::from_str(said.lines().last().unwrap()).unwrap();
            assert!(wrong.is_empty(), "{wrong:#?}");
            std::fs::remove_dir_all(&folder).unwrap();
        },
    )
    .await;
}
