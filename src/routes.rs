//! Every URL of the service on one screen: by host, by audience, with its layers.
//!
//! No handler bodies here.

use axum::{
    Extension, Router, middleware,
    routing::{get, post},
};

use crate::{
    app::App,
    layers::{self, ByHost, Hosts},
    mcp,
    oauth::{
        metadata::{self, RESOURCE_METADATA},
        register, revoke, token,
    },
    pages::{
        accounts, activity, address, apps, assets, authorize, changes, check, coach_project, coaches,
        connections, connector, dashboard, delete, draft, export,
        factor::{self, lost, recover, step},
        factors::{self, codes, recovery_codes},
        files,
        for_coaches::{self, apps as coachs_apps, erase, mailed, my_roster, wish},
        frame, health, home, links,
        mail_link::{ADDRESS_PAGE, CONFIRM_PAGE, RECOVER_PAGE, RELEASE_PAGE, RESET_PAGE},
        passkeys, password, problem, provider, reset, sessions, settings, site, status, steps, support, ways,
        with_intervals::{self, first_address, join, release},
    },
};

/// The whole service.
pub fn service(app: App) -> Router {
    service_with(app, mcp::router)
}

/// [`service`] with something else on the link host, so that tests can mount it behind the same layers.
pub fn service_with(app: App, links: impl FnOnce(App) -> Router) -> Router {
    let everything = Router::new()
        // Health checks come by IP address, under any Host.
        .route("/healthz", get(health::alive))
        .route(
            "/readyz",
            get(health::ready).layer(Extension(health::Pulse::default())),
        )
        .with_state(app.clone());
    let around = layers::around_everything(&app);
    let (hosts, public) = (Hosts::of(&app.config), public(&app));
    let hosts = ByHost::new(hosts, public, layers::around_links(links(app)));
    around(everything.fallback_service(tower::service_fn(move |request| hosts.clone().answer(request))))
}

/// `PUBLIC_URL`: the MCP endpoint for clients that sign in, what they need to do so, and the pages.
fn public(app: &App) -> Router {
    layers::around_links(mcp::signed_in(app.clone()))
        .merge(programs(app))
        .fallback_service(pages(app))
}

/// What clients ask for to sign in, at every address where one is known to ask; and what the outside identity provider says.
fn programs(app: &App) -> Router {
    let mut router = Router::new()
        .route("/token", post(token::exchange))
        .route("/revoke", post(revoke::revoke))
        .route("/register", post(register::register))
        .route("/sign-in/provider/logout", post(provider::logout::logout))
        .route(RESOURCE_METADATA, get(metadata::resource));
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/",
        "/.well-known/oauth-protected-resource/mcp/",
    ] {
        router = router.route(path, get(metadata::resource));
    }
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/mcp",
        "/mcp/.well-known/oauth-authorization-server",
        "/mcp/.well-known/openid-configuration",
    ] {
        router = router
            .route(path, get(metadata::server))
            .route(&format!("{path}/"), get(metadata::server));
    }
    layers::around_programs(router.with_state(app.clone()))
}

/// What people see, on `PUBLIC_URL`.
fn pages(app: &App) -> Router {
    let router = Router::new()
        // For everyone.
        .route("/", get(home::show))
        .route("/steps", get(steps::show))
        .route("/personal-coach", get(coach_project::show))
        .route("/support", get(support::show))
        .route("/privacy", get(home::privacy))
        .route("/check", get(check::show))
        .route(
            "/status",
            get(status::show).layer(Extension(status::Board::default())),
        )
        .route("/assets/{hash}/{name}", get(assets::serve))
        .route("/favicon.ico", get(assets::icon))
        .route("/robots.txt", get(site::robots))
        .route("/sitemap.xml", get(site::sitemap))
        // From stranger to account.
        .route("/sign-up", get(accounts::form).post(accounts::sign_up))
        .route("/sign-up/sent", get(accounts::sent))
        .route("/sign-up/again", post(accounts::send_again))
        .route("/confirm/{token}", CONFIRM_PAGE.opening())
        .route("/confirm", get(accounts::confirm_page).post(accounts::confirm))
        // In and out.
        .route("/sign-in", get(sessions::form).post(sessions::sign_in))
        .route("/sign-in/passkey", post(passkeys::sign_in))
        .route("/sign-in/factor/passkey", post(passkeys::step))
        .merge(continued())
        .merge(through_provider())
        .route("/sign-out", post(sessions::sign_out))
        .route("/sign-in/factor", get(step::show).post(step::finish))
        .route("/sign-in/factor/over", post(step::start_over))
        .route("/sign-in/factor/lost", get(lost::show).post(lost::begin))
        .route("/recover/{token}", RECOVER_PAGE.opening())
        .route("/recover", get(recover::confirm_page).post(recover::confirm))
        .route("/forgot", get(reset::forgot_form).post(reset::forgot))
        .route("/forgot/sent", get(reset::sent))
        .route("/forgot/again", post(reset::send_again))
        .route("/reset/{token}", RESET_PAGE.opening())
        .route("/reset", get(reset::form).post(reset::reset))
        .merge(coaches())
        // From a client, and back to it.
        .route("/authorize", get(authorize::begin))
        .route(
            "/authorize/{request}",
            get(authorize::show).post(authorize::consent::decide),
        )
        .route(
            "/authorize/{request}/coach",
            get(authorize::coach::again).post(authorize::coach::ask),
        )
        .route(
            "/authorize/{request}/code",
            get(authorize::coach::again).post(authorize::coach::type_code),
        )
        .route(
            "/authorize/{request}/switch",
            get(authorize::coach::again).post(authorize::coach::switch),
        )
        // For the athlete.
        .route("/dashboard", get(dashboard::show))
        .route("/dashboard/zone", post(dashboard::set_zone))
        .route("/activity", get(activity::show))
        .route("/activity.csv", get(activity::file))
        .route("/activity/undo", post(changes::undo::undo))
        .route("/coaches", get(coaches::show))
        .route(
            "/coaches/invite",
            get(coaches::invite::form).post(coaches::invite::send),
        )
        .route(
            "/coaches/{grant}",
            get(coaches::grant::form).post(coaches::grant::save),
        )
        .route("/coaches/{grant}/revoke", post(coaches::revoke))
        .route("/coaches/{grant}/resend", post(coaches::resend))
        .route("/apps", get(apps::show))
        .route("/apps/end", post(apps::end))
        .route("/apps/end-all", post(apps::end_all))
        .route("/apps/{app}", get(apps::form).post(apps::save))
        .route("/connector", get(connector::show))
        .route("/link/tools", post(links::choose_tools))
        .route("/link/off", post(links::switch_off))
        .route("/link/writing", post(changes::choose))
        .route(
            "/link/regenerate",
            get(links::regenerate_page).post(links::regenerate),
        )
        .route("/connect", get(connections::show).post(connections::begin))
        .route("/connect/callback", get(connections::callback))
        .route("/connect/key", post(connections::with_key))
        .route("/connect/narrower", post(connections::leave_narrower))
        .route(
            "/disconnect",
            get(connections::disconnect_page).post(connections::disconnect),
        )
        .merge(account())
        .fallback(problem::not_found)
        .layer(middleware::from_fn_with_state(app.clone(), draft::keep))
        .layer(middleware::from_fn_with_state(app.clone(), frame::with_notice));
    layers::around_pages(router, problem::dress)
        .merge(downloads(app))
        .with_state(app.clone())
}

/// What was asked for in a chat, for whoever has its link. A file takes as long as intervals.icu takes.
fn downloads(app: &App) -> Router<App> {
    let router = Router::new()
        .route("/files/{token}", get(files::show).post(files::download))
        .layer(middleware::from_fn_with_state(app.clone(), frame::with_notice));
    layers::around_slow_pages(router, problem::dress, files::LONGEST)
}

/// Signing in and up with intervals.icu.
fn continued() -> Router<App> {
    Router::new()
        .route("/sign-in/intervals", post(with_intervals::begin))
        .route("/sign-in/join", get(join::show).post(join::join))
        .route("/sign-in/join/release", post(release::ask))
        .route("/sign-in/join/sent", get(release::sent))
        .route("/sign-in/continue", get(release::show).post(release::go_on))
        .route("/release/{token}", RELEASE_PAGE.opening())
        .route("/release", get(release::confirm_page).post(release::confirm))
        .route(
            "/sign-up/address",
            get(first_address::show).post(first_address::ask),
        )
}

/// Signing in and up through the outside identity provider.
fn through_provider() -> Router<App> {
    Router::new()
        .route("/sign-in/provider", get(provider::again).post(provider::begin))
        .route("/sign-in/provider/callback", get(provider::callback))
        .route(
            "/sign-in/provider/join",
            get(provider::join::show).post(provider::join::join),
        )
        .route("/sign-in/provider/join/code", post(provider::join::mail_code))
}

/// The athlete's account: its ways in, its sessions, its data and its end.
fn account() -> Router<App> {
    Router::new()
        .route("/account", get(settings::show))
        .route("/account/sessions/end", post(settings::end_session))
        .route("/account/sessions/end-others", post(settings::end_other_sessions))
        .route("/account/sessions/end-all", post(settings::end_all_sessions))
        .route("/account/ways", get(ways::show))
        .route("/account/ways/intervals", post(ways::add_intervals))
        .route("/account/ways/intervals/off", post(ways::intervals_off))
        .route("/account/ways/provider", post(provider::way::add))
        .route("/account/ways/provider/off", post(provider::way::off))
        .route("/account/ways/password", post(ways::set_password))
        .route("/account/ways/password/off", post(ways::password_off))
        .route("/account/prove", post(ways::prove))
        .route("/account/factor", get(factor::show).post(factor::show_again))
        .route("/account/factors", get(factors::show))
        .route("/account/factors/codes", get(codes::show).post(codes::begin))
        .route("/account/factors/codes/confirm", post(codes::confirm))
        .route("/account/factors/codes/off", post(codes::off))
        .route(
            "/account/factors/recovery-codes",
            get(recovery_codes::show).post(recovery_codes::make),
        )
        .route("/account/recovery/stop", post(lost::stop))
        .route("/account/passkeys/new", get(passkeys::new))
        .route("/account/passkeys/prove", post(passkeys::prove))
        .route("/account/passkeys", post(passkeys::add))
        .route(
            "/account/passkeys/{passkey}",
            get(passkeys::one).post(passkeys::rename),
        )
        .route("/account/passkeys/{passkey}/off", post(passkeys::off))
        .route("/account/factor/passkey", post(passkeys::again))
        .route("/account/password", get(password::form).post(password::change))
        .route("/account/address", get(address::form).post(address::ask))
        .route("/account/address/sent", get(address::sent))
        .route("/account/address/again", post(address::send_again))
        .route("/address/{token}", ADDRESS_PAGE.opening())
        .route("/address", get(address::confirm_page).post(address::confirm))
        .route("/account/export", post(export::download))
        .route("/account/delete", get(delete::form).post(delete::delete))
        .route("/account/deleted", get(delete::done))
}

/// For coaches, who have no account: wishes that an email answers, and a short visit to their roster.
fn coaches() -> Router<App> {
    let wishes = Router::new()
        .route(
            "/for-coaches/{wish}",
            get(for_coaches::back).post(for_coaches::ask),
        )
        .route("/for-coaches/{wish}/{token}", get(mailed::open_link))
        .route(
            "/for-coaches/{wish}/confirm",
            get(mailed::confirm_page).post(mailed::confirm),
        )
        .route("/for-coaches/{wish}/done", get(mailed::done))
        .layer(middleware::from_fn(wish::named));
    Router::new()
        .merge(wishes)
        .route("/for-coaches", get(for_coaches::show))
        .route("/for-coaches/sent", get(for_coaches::sent))
        .route("/for-coaches/again", post(for_coaches::send_again))
        .route("/for-coaches/my-roster", get(my_roster::show))
        .route("/for-coaches/my-roster/leave", post(my_roster::leave))
        .route("/for-coaches/my-roster/refuse", post(my_roster::refuse))
        .route("/for-coaches/my-roster/welcome", post(my_roster::welcome))
        .route("/for-coaches/my-roster/refuse-all", post(my_roster::refuse_all))
        .route("/for-coaches/my-roster/welcome-all", post(my_roster::welcome_all))
        .route(
            "/for-coaches/my-roster/erase",
            get(erase::form).post(erase::erase),
        )
        .route("/for-coaches/my-roster/apps/end", post(coachs_apps::end))
        .route("/for-coaches/my-roster/apps/end-all", post(coachs_apps::end_all))
        .route(
            "/for-coaches/my-roster/apps/{app}",
            get(coachs_apps::form).post(coachs_apps::save),
        )
        .route("/for-coaches/my-roster/link/off", post(coachs_apps::link_off))
        .route("/for-coaches/my-roster/link/on", post(coachs_apps::link_on))
        .route("/for-coaches/my-roster/link/tools", post(coachs_apps::link_tools))
        .route("/for-coaches/my-roster/done", post(my_roster::finish))
        .route("/for-coaches/erased", get(erase::done))
}
