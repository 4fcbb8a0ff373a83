//! Lists, a page at a time.

use axum::Json;
use serde_json::{Map, Value, json};

use super::RestFault;
use super::form::Form;

/// One page of `all` as Twilio shapes it: the items under `name`, and where the other pages are. `path` is the list's own.
pub fn page(name: &str, all: &[Value], path: &str, query: &Form) -> Result<Json<Value>, RestFault> {
    let size = usize::try_from(query.number("PageSize")?.unwrap_or(50).clamp(1, 1_000)).unwrap_or(50);
    let page = usize::try_from(query.number("Page")?.unwrap_or(0)).unwrap_or(0);
    let start = page.saturating_mul(size).min(all.len());
    let end = start.saturating_add(size).min(all.len());
    let uri = |page: usize| {
        let mut uri = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
        let filters = query.0.iter().filter(|(name, _)| !["Page", "PageSize", "PageToken"].contains(&name.as_str()));
        uri.extend_pairs(filters);
        uri.append_pair("PageSize", &size.to_string()).append_pair("Page", &page.to_string());
        uri.finish()
    };
    let body = json!({
        name: all.get(start..end).unwrap_or_default(),
        "page": page,
        "page_size": size,
        "start": start,
        "end": end.saturating_sub(1).max(start),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": if end < all.len() { json!(uri(page + 1)) } else { Value::Null },
        "previous_page_uri": if page > 0 { json!(uri(page - 1)) } else { Value::Null },
    });
    Ok(Json(body))
}

/// A resource's own address.
pub fn uri(account_sid: &str, rest: &str) -> String {
    format!("/2010-04-01/Accounts/{account_sid}/{rest}.json")
}

/// Addresses of what belongs to a resource.
pub fn subresources(account_sid: &str, resource: &str, names: &[&str]) -> Value {
    let link = |name: &&str| {
        let mut file = (*name).to_owned();
        if let Some(first) = file.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        ((*name).to_owned(), json!(uri(account_sid, &format!("{resource}/{file}"))))
    };
    Value::Object(names.iter().map(link).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_others_are() {
        let all: Vec<Value> = (0..5).map(|number| json!(number)).collect();
        let query = Form::parse(b"PageSize=2&Page=1&Status=in-progress");
        let Json(second) = page("calls", &all, "/Calls.json", &query).unwrap();

        assert_eq!(second["calls"], json!([2, 3]));
        assert_eq!(second["next_page_uri"], "/Calls.json?Status=in-progress&PageSize=2&Page=2");
        assert_eq!(second["previous_page_uri"], "/Calls.json?Status=in-progress&PageSize=2&Page=0");
        let Json(last) = page("calls", &all, "/Calls.json", &Form::parse(b"PageSize=2&Page=2")).unwrap();
        assert_eq!((&last["calls"], &last["next_page_uri"]), (&json!([4]), &Value::Null));
        let Json(none) = page("calls", &[], "/Calls.json", &Form::default()).unwrap();
        assert_eq!(
            (&none["calls"], &none["page_size"], &none["first_page_uri"]),
            (&json!([]), &json!(50), &json!("/Calls.json?PageSize=50&Page=0"))
        );
    }
}
