//! No door slips past: every mounted one stands in the table, and the table tells the truth about who may come in.

use crate::app::TestApp;
use sqlx::PgPool;
use std::collections::BTreeSet;
use zencall::{
    server::door_list::{DOORS, Kind, Who},
    shared::permission::{Permission, Role},
};

fn listed(kind: Option<Kind>) -> BTreeSet<&'static str> {
    DOORS.iter().filter(|door| kind.is_none_or(|kind| door.kind == kind)).map(|door| door.path).collect()
}

#[test]
fn every_server_function_is_listed_and_every_listed_one_exists() {
    let mounted: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    assert_eq!(mounted, listed(Some(Kind::Rpc)));
}

#[test]
fn every_page_is_listed() {
    let pages = listed(Some(Kind::Page));
    for route in leptos_axum::generate_route_list(zencall::app::App) {
        let path = route.path().trim_end_matches('/');
        assert!(pages.contains(path), "{path} is a page that nobody listed");
    }
}

/// Doors mounted by hand are found by their spelling in the sources.
#[test]
fn every_mounted_route_is_listed() {
    let known = listed(None);
    let mut found = 0;
    for file in rust_files("src") {
        // The simulator and the operator's listener are other addresses.
        if ["providers/sim", "server/operator.rs", "server/health.rs", "src/tests"].iter().any(|other| file.contains(other)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source file");
        for part in text.split(".route(\"").skip(1) {
            let path = part.split('"').next().unwrap_or_default();
            assert!(known.contains(path), "{file} mounts {path}, which nobody listed");
            found += 1;
        }
    }
    assert!(found > 15, "the search found only {found} routes: has their spelling changed?");
}

fn rust_files(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut open = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.display().to_string());
            }
        }
    }
    files
}

/// Arguments that every server function can read, so that what is tested is the permission and not the parsing.
fn arguments(path: &str) -> String {
    let id = match path {
        path if path.contains("assistants") => "ast",
        path if path.contains("api_keys") => "key",
        path if path.contains("webhooks") => "whe",
        path if path.ends_with("team/rpc/save_role") || path.ends_with("team/rpc/delete_role") => "role",
        path if path.contains("team/domains") => "dom",
        path if path.contains("team") => "inv",
        _ => "call",
    };
    let zero = "00000000000000000000000000";
    let number = if path.contains("/numbers/") { format!("num_{zero}") } else { format!("{id}_{zero}") };
    format!(
        "hook=hook_{zero}&form[reach]=all&form[permissions][]=calls.read&delivery=whd_{zero}&kind=call.ended&hours=24&assignee=nobody&status=done&team=team_{zero}&languages=fr&skills=x&item=call:call_{zero}&until=hour&id={number}&answer=ans_{zero}&question=qst_{zero}&rehearsal=reh_{zero}&words=x&required=true&grace_s=0&dismissed=true&rule=rul_{zero}&person=per_{zero}&callback=cbk_{zero}&tool=tool_{zero}&up=true&on=true&done=true&day=2026-01-01&q=&assistant=ast_{zero}&number=%2B33639981247&action[kind]=mute&revision=1&n=1&why=&file=x&state=active&hidden=true&view=view_{zero}&tag=tag_{zero}&note=note_{zero}&name=x&text=x&account=acc_{zero}&role=agent&form[domain]=tilleuls.example&form[domain_role]=agent&form[emails]=ines%40tilleuls.example&form[role]=agent&form[template]=reception&form[language]=fr\
         &form[name]=x&form[voice]=x&form[first_message]=x&form[prompt]=x&form[max_duration_min]=5&form[number]=x&form[label]=x&form[mode]=hmac&form[provider_id]=x&form[business]=x&form[assistant]=&sid=PN1&form[credential_id]=x&form[account_sid]=x&form[auth_token]=x"
    )
}

async fn status(app: &TestApp, path: &str, cookie: &str) -> u16 {
    let request =
        app.http.post(app.url(path)).header("accept", "application/json").header("content-type", "application/x-www-form-urlencoded");
    request.header("cookie", cookie).body(arguments(path)).send().await.expect("an answer").status().as_u16()
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nobody_calls_a_server_function_signed_out(pool: PgPool) {
    let app = TestApp::new(pool).await;
    for door in DOORS.iter().filter(|door| door.kind == Kind::Rpc) {
        assert_eq!(status(&app, door.path, "").await, 401, "{}", door.path);
        assert_eq!(status(&app, door.path, "__Host-zc=nonsense").await, 401, "{}", door.path);
    }
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_role_without_the_permission_is_refused_at_every_door_that_needs_it(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let orgs = [
        app.org("Acme", Role::Billing).await,
        app.org("Acme", Role::ReadOnly).await,
        app.org("Acme", Role::Agent).await,
        app.org("Acme", Role::Developer).await,
    ];
    let roles = [Role::Billing, Role::ReadOnly, Role::Agent, Role::Developer];
    let mut refused = 0;
    for (org, role) in orgs.iter().zip(roles) {
        for door in DOORS {
            let Who::Needs(permission) = door.who else { continue };
            if role.may(permission)
                || door.path.contains('{')
                || (door.kind != Kind::Rpc && door.kind != Kind::Other)
                || door.method == "POST" && door.kind == Kind::Other
            {
                continue;
            }
            let found = match door.kind {
                Kind::Rpc => status(&app, door.path, &org.cookie).await,
                _ => app.get(org, door.path).await.status().as_u16(),
            };
            assert_eq!(found, 403, "{role} at {}", door.path);
            refused += 1;
        }
    }
    assert!(refused > 40, "only {refused} refusals were tried");
}

#[test]
fn owners_may_everything_and_every_permission_is_held_by_somebody_less() {
    for permission in Permission::ALL {
        assert!(Role::Owner.may(*permission));
    }
    assert!(Role::Billing.permissions().is_empty());
    assert!(!Role::ReadOnly.may(Permission::CallsControl) && !Role::Agent.may(Permission::AssistantsEdit));
}
