//! The wall between tenants, held by PostgreSQL itself: no table is forgotten, no row is seen, moved or made across it.

use crate::app::TestApp;
use sqlx::{AssertSqlSafe, PgPool};
use zencall::{
    platform::OrgScope,
    shared::permission::{Permission, Role},
};

/// Tables with an `org_id` that are not partitions of another.
async fn tenant_tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(pool)
    .await
    .expect("the catalogue")
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn every_table_of_tenants_stands_behind_the_wall(pool: PgPool) {
    let tables = tenant_tables(&pool).await;
    assert!(tables.len() >= 10, "{tables:?}");
    for table in tables {
        let (enabled, forced, policies): (bool, bool, i64) = sqlx::query_as(
            "select c.relrowsecurity, c.relforcerowsecurity, (select count(*) from pg_policies p where p.tablename = c.relname and 'zencall_org' = any(p.roles))
             from pg_class c where c.relname = $1 and c.relnamespace = 'public'::regnamespace",
        )
        .bind(&table)
        .fetch_one(&pool)
        .await
        .expect("the table");
        assert!(enabled && forced && policies > 0, "{table}: enabled {enabled}, forced {forced}, policies {policies}");
    }
    // Policies of a parent do not protect a partition that is named directly: nobody may name one.
    let open: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relispartition and has_table_privilege('zencall_org', c.oid, 'select')",
    )
    .fetch_all(&pool)
    .await
    .expect("the catalogue");
    assert!(open.is_empty(), "{open:?}");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn nothing_of_another_organisation_is_seen_changed_or_removed(pool: PgPool) {
    let app = TestApp::new(pool.clone()).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    app.assistant(&acme).await;
    let call = serde_json::json!({ "type": "transcript", "transcriptType": "final", "role": "user", "transcript": "Bonjour", "timestamp": chrono::Utc::now().timestamp_millis(), "call": { "id": "c1" } });
    assert_eq!(app.hook(&acme, &call).await.status(), 200);
    let scope = OrgScope::of_system(&app.core, globex.id);
    let mut filled = 0;
    for table in tenant_tables(&pool).await {
        let theirs: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table} where org_id = $1")))
            .bind(acme.id)
            .fetch_one(&pool)
            .await
            .expect("a count");
        filled += i64::from(theirs > 0);
        let mut tx = scope.begin(Permission::CallsRead).await.expect("a transaction");
        let seen: i64 = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table} where org_id = $1")))
            .bind(acme.id)
            .fetch_one(tx.conn())
            .await
            .expect("a count");
        drop(tx);
        let mut touched = 0;
        for statement in [format!("update {table} set org_id = org_id where org_id = $1"), format!("delete from {table} where org_id = $1")]
        {
            let mut tx = scope.begin(Permission::CallsRead).await.expect("a transaction");
            touched += match sqlx::query(AssertSqlSafe(statement)).bind(acme.id).execute(tx.conn()).await {
                Ok(done) => done.rows_affected(),
                // Some tables nobody writes to at all.
                Err(error) => u64::from(!error.to_string().contains("permission denied")),
            };
        }
        assert_eq!((seen, touched), (0, 0), "{table}");
    }
    assert!(filled >= 5, "only {filled} tables held a row to guard");
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn a_row_cannot_be_made_for_another_organisation(pool: PgPool) {
    let app = TestApp::new(pool).await;
    let (acme, globex) = (app.org("Acme", Role::Owner).await, app.org("Globex", Role::Owner).await);
    let scope = OrgScope::of_system(&app.core, globex.id);
    let mut tx = scope.begin(Permission::CallsRead).await.expect("a transaction");
    let made = sqlx::query("insert into phone_numbers (id, org_id, number) values ($1, $2, '+33199004718')")
        .bind(uuid::Uuid::now_v7())
        .bind(acme.id)
        .execute(tx.conn())
        .await;
    assert!(made.is_err_and(|error| error.to_string().contains("row-level security")));
}

#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn the_role_without_an_organisation_sees_nothing_and_says_so(pool: PgPool) {
    let mut tx = pool.begin().await.expect("a transaction");
    sqlx::query("select set_config('role', 'zencall_org', true)").execute(&mut *tx).await.expect("the role");
    let seen = sqlx::query_scalar::<_, i64>("select count(*) from calls").fetch_one(&mut *tx).await;
    assert!(seen.is_err(), "loud and closed");
}

/// A limit to some assistants is a wall, too: whatever table names an assistant or a call stands behind it, or is here with its reason.
#[sqlx::test(migrator = "zencall::MIGRATOR")]
async fn no_table_slips_past_the_limit_to_some_assistants(pool: PgPool) {
    let open: Vec<String> = sqlx::query_scalar(
        "select distinct c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('assistant_id', 'call_id')
         join pg_attribute o on o.attrelid = c.oid and o.attname = 'org_id'
         where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace and not a.attisdropped
           and not exists (select from pg_policies p where p.tablename = c.relname and p.policyname = 'of_limit' and p.permissive = 'RESTRICTIVE')
         order by 1",
    )
    .fetch_all(&pool)
    .await
    .expect("the catalogue");
    assert!(open.is_empty(), "{open:?}");
}
