//! Every statement on `voices` and `models`, which are the operator's.

use crate::{assistants::catalogue::*, platform::OrgTx, shared::money::MicroUsd};

/// What is on offer.
pub async fn read(tx: &mut OrgTx<'_>) -> sqlx::Result<Catalogue> {
    let today = tx.scope().core().clock.now().date_naive();
    let voices = sqlx::query_as!(
        Voice,
        r#"select id, provider, name, language, price_class as "price_class: PriceClass", ends_on from voices order by place, id"#
    )
    .fetch_all(tx.conn())
    .await?;
    let models = sqlx::query!(
        r#"
        select id, provider, name, price_class as "price_class: PriceClass", in_micro_usd_per_million as price_in,
          out_micro_usd_per_million as price_out, ends_on
        from models order by place, id
        "#
    )
    .fetch_all(tx.conn())
    .await?;
    let models = models.into_iter().map(|row| Model {
        id: row.id,
        provider: row.provider,
        name: row.name,
        price_class: row.price_class,
        price_in: MicroUsd(row.price_in),
        price_out: MicroUsd(row.price_out),
        ends_on: row.ends_on,
    });
    Ok(Catalogue { voices, models: models.collect(), today })
}
