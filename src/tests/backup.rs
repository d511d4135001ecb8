//! A backup is whole, damage is noticed, and it comes back as it was, once, into an empty place.

use crate::app::TestApp;
use object_store::{ObjectStoreExt, path::Path as ObjectPath};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use std::path::PathBuf;
use zencall::{
    server::backup::{backup, check, restore},
    shared::permission::Role,
};

const KEY: &str = "3f1d0c5b7a9e2468ace013579bdf02468ace13579bdf0f1e2d3c4b5a69788796";

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("zencall-backup-{}", uuid::Uuid::now_v7()))
}

/// Another database on the test's server, with nothing in it.
async fn empty_database(pool: &PgPool) -> (PgPool, String) {
    let name = format!("restored_{}", uuid::Uuid::now_v7().simple());
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(pool).await.expect("a database");
    let options = (*pool.connect_options()).clone().database(&name);
    (PgPoolOptions::new().max_connections(5).connect_with(options).await.expect("a pool"), name)
}

async fn filled(pool: PgPool) -> TestApp {
    let app = TestApp::with_keys(pool, KEY, "").await;
    for name in ["Nord", "Sud"] {
        let org = app.org(name, Role::Owner).await;
        app.assistant(&org).await;
        for (n, words) in ["Bonjour\tà \\ tous", "une\nligne", "“fin” \u{1f4de}"].into_iter().enumerate() {
            let message = json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": words,
                "timestamp": 1_790_000_000_000_i64 + n as i64, "call": { "id": format!("{name}-1"), "monitor": { "controlUrl": "https://x.example" } } });
            assert_eq!(app.hook(&org, &message).await.status(), 200);
        }
    }
    app.core.files.put(&ObjectPath::from("recordings/a b.wav"), vec![7_u8; 300_000].into()).await.expect("stored");
    app.applied().await;
    app
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn what_was_saved_comes_back_as_it_was(pool: PgPool) {
    let app = filled(pool.clone()).await;
    let (saved_in, again_in) = (folder(), folder());
    let saved = backup(&app.core, &saved_in).await.expect("saved");
    assert!(saved.rows() > 20 && saved.files.len() == 1, "{saved:?}");
    // What comes after belongs to the next backup.
    app.org("Late", Role::Owner).await;

    let (empty, name) = empty_database(&pool).await;
    let other = TestApp::with_keys(empty.clone(), KEY, "").await;
    restore(&other.core, &saved_in).await.expect("restored");
    let again = backup(&other.core, &again_in).await.expect("saved again");
    let figures = |manifest: &zencall::server::backup::Manifest| {
        let mut rows: Vec<_> = manifest.tables.iter().map(|table| (table.name.clone(), table.rows, table.sum.clone())).collect();
        rows.sort();
        (rows, manifest.files.clone(), manifest.schema)
    };
    assert_eq!(figures(&again), figures(&saved));
    let wall: bool =
        sqlx::query_scalar("select bool_and(relforcerowsecurity) from pg_class where relname in ('calls', 'assistants', 'orgs')")
            .fetch_one(&empty)
            .await
            .expect("the wall");
    assert!(wall, "row security is as it was");
    let org = other.org("After", Role::Owner).await;
    other.assistant(&org).await;

    let refused = restore(&other.core, &saved_in).await.expect_err("it holds data now").to_string();
    assert!(refused.contains("holds data already"), "{refused}");
    for folder in [saved_in, again_in] {
        std::fs::remove_dir_all(folder).ok();
    }
    empty.close().await;
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&pool).await.expect("dropped");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_backup_that_is_damaged_unfinished_or_of_another_key_is_refused(pool: PgPool) {
    let app = filled(pool.clone()).await;
    let place = folder();
    backup(&app.core, &place).await.expect("saved");
    let full = backup(&app.core, &place).await.expect_err("the folder is not empty").to_string();
    assert!(full.contains("not empty"), "{full}");

    let (empty, name) = empty_database(&pool).await;
    let stranger = TestApp::new(empty.clone()).await;
    let refused = restore(&stranger.core, &place).await.expect_err("another key").to_string();
    assert!(refused.contains("ZENCALL_SECRET_KEY"), "{refused}");
    let made: bool = sqlx::query_scalar("select to_regclass('orgs') is not null").fetch_one(&empty).await.expect("a look");
    assert!(!made, "nothing was changed");

    let table = place.join("tables/call_lines");
    let mut rows = std::fs::read(&table).expect("the rows");
    rows[10] ^= 1;
    std::fs::write(&table, rows).expect("written");
    let damaged = check(&place).expect_err("damage").to_string();
    assert!(damaged.contains("call_lines is damaged"), "{damaged}");
    std::fs::remove_file(place.join("manifest.json")).expect("removed");
    let unfinished = check(&place).expect_err("no manifest").to_string();
    assert!(unfinished.contains("no finished backup"), "{unfinished}");

    std::fs::remove_dir_all(place).ok();
    empty.close().await;
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)"))).execute(&pool).await.expect("dropped");
}
