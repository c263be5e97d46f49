//! Every page for everyone: axe-core finds nothing, in light and dark, on a desk and on a phone.

use std::time::Duration;

use icusync::demo::seed::PASSWORD;

use crate::{
    clients::{output, script, tool},
    world::test_with,
};

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page() {
    test_with(
        |config| {
            config.sign_ins_per_minute = 1_000;
            config.sign_ins_per_address = 1_000;
            // Its buttons are there, and nobody presses them.
            config.oidc_issuer = Some("http://localhost:1/club".parse().unwrap());
            config.oidc_client_id = Some("icusync".to_owned());
            config.oidc_client_secret = Some("never sent anywhere".to_owned().into());
            config.oidc_name = Some("The club".to_owned());
        },
        async |world| {
            // So that there are rows to check.
            let mcp = world.mcp(&world.ana().link);
            mcp.call("get_fitness", serde_json::json!({})).await;
            mcp.call("get_fitness", serde_json::json!({"nonsense": 1})).await;
            let mut browser = world.let_write(&world.ana().clone()).await;
            mcp.call("push_workout", crate::changes::workout("2026-11-25", "Easy"))
                .await;
            let grant = crate::coaches::invite_somebody(&world, &mut browser).await;
            world.app_of(&world.ana().clone(), true).await;
            let listed = browser.get("/apps").await;
            let app = listed.attribute("a[href^='/apps/']", "href").unwrap();
            let (modules, script) = (script("modules.mjs"), script("browser/accessibility.mjs"));
            let strangers = [
                "/",
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
                "/sign-in/provider/join",
                "/sign-in/provider/callback",
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
                "/account/password",
                "/account/address",
                "/account/address/sent",
                "/account/factors",
                "/account/passkeys/new",
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
            ];
            arguments.extend(strangers);
            arguments.push("--");
            arguments.extend(athletes);
            let said = output(&tool("ICUSYNC_NODE"), &arguments, Duration::from_mins(10)).await;
            let wrong: Vec<String> = serde_json::from_str(said.lines().last().unwrap()).unwrap();
            assert!(wrong.is_empty(), "{wrong:#?}");
        },
    )
    .await;
}
