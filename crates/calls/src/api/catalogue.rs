//! The catalogue of dispositions, for administrators.

use kernel::WireError;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::service::Calls;
use crate::types::{Catalogue, Disposition, DispositionEdit};

/// The catalogue, and how it came to be so.
#[server(name = AskCatalogue, prefix = "/api", endpoint = "calls/catalogue", input = Json, output = Json)]
pub async fn catalogue() -> Result<Catalogue, WireError> {
    auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Calls>().catalogue_view().await?)
}

/// Changes one of its entries, as it was seen at `version`; the catalogue as it is then.
#[server(prefix = "/api", endpoint = "calls/change_disposition", input = Json, output = Json)]
pub async fn change_disposition(disposition: Disposition, edit: DispositionEdit, version: i32) -> Result<Catalogue, WireError> {
    let admin = auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Calls>().change_disposition(&admin, disposition, edit, version).await?)
}
