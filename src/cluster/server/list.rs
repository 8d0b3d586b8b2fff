//! Lists, by pages, handed on object by object.
//!
//! A page is the one thing that is held: its bytes, and one parsed object at a time. Measured over 1,000 Deployments, pages of 20 cost
//! 1.6 times the processor time of pages of 100, and pages of 500 save a quarter of it for 1.5 MB more memory: 100. A page beyond
//! [`MAX_ANSWER`](super::wire::MAX_ANSWER) is asked for again in halves, down to one object.

use super::Kube;
use super::address;
use super::status::Status;
use super::wire::{Answer, Ask};
use crate::cluster::retry::retry;
use crate::cluster::{Each, Error, Query};
use crate::model::{Gvk, Live, OWNER_LABEL};
use http::StatusCode;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// How many objects are asked for at a time.
const PAGE: u32 = 100;

/// Where a list stands between two pages.
#[derive(Debug, Default)]
struct Place {
    /// The server's token for what follows; empty at the beginning and at the end.
    more: String,
    /// How many objects were handed on.
    seen: u32,
}

impl Kube {
    /// Lists what the query says. Where a token is too old for the server (a compaction came between two pages), it goes on with the
    /// token that the server offers then: nobody sees an object twice, and what was there all the time is seen.
    pub(super) async fn pages(&self, query: &Query, each: Each<'_>) -> Result<(), Error> {
        let what = format!("list every {}", query.gvk);
        let Some((gvk, kind)) = self.resolve(&what, &query.gvk).await? else { return Ok(()) };
        if !kind.is_listable || query.limit == Some(0) {
            return Ok(());
        }
        let path = address::list(&gvk, &kind, query.namespace.as_deref())
            .map_err(|why| Error::Address { what: what.clone(), why: why.to_string() })?;
        let mut place = Place::default();
        let mut page = PAGE;
        loop {
            let left = query.limit.map_or(u32::MAX, |limit| limit - place.seen.min(limit));
            let ask = Ask::get(what.clone(), target(&path, query, page.min(left), &place.more));
            let answer = match retry(|| self.connection.send(&ask)).await {
                Err(Error::TooLarge { .. }) if page > 1 => {
                    page /= 2;
                    continue;
                }
                answer => answer?,
            };
            let is_more = match answer.status {
                StatusCode::OK => take(&gvk, &what, &answer, &mut place, each)?,
                _ => self.refused(&what, &answer, &mut place).await?,
            };
            if !is_more || query.limit.is_some_and(|limit| place.seen >= limit) {
                return Ok(());
            }
        }
    }

    /// Whether a list can go on after this refusal.
    async fn refused(&self, what: &str, answer: &Answer, place: &mut Place) -> Result<bool, Error> {
        let status = Status::read(&answer.body);
        if answer.status == StatusCode::GONE && !status.metadata.more.is_empty() {
            place.more = status.metadata.more;
            return Ok(true);
        }
        if answer.status == StatusCode::NOT_FOUND && status.is_about_kind() {
            self.forget_kinds().await;
            return Ok(false);
        }
        Err(super::unexpected(what, answer, &status))
    }
}

fn target(path: &str, query: &Query, page: u32, more: &str) -> String {
    let mut target = format!("{path}?limit={page}");
    if let Some(owner) = &query.owner {
        target.push_str("&labelSelector=");
        target.push_str(&address::parameter(&format!("{OWNER_LABEL}={}", owner.as_str())));
    }
    if !more.is_empty() {
        target.push_str("&continue=");
        target.push_str(&address::parameter(more));
    }
    target
}

/// Hands on the objects of one page; whether there are more.
fn take(gvk: &Gvk, what: &str, answer: &Answer, place: &mut Place, each: Each<'_>) -> Result<bool, Error> {
    let mut json = serde_json::Deserializer::from_slice(&answer.body);
    let page = Page { gvk, seen: &mut place.seen, each };
    let more = page.deserialize(&mut json).and_then(|more| json.end().map(|()| more));
    place.more = more.map_err(|error| Error::Answer { what: what.to_owned(), why: error.to_string() })?;
    Ok(!place.more.is_empty())
}

/// Reads a list and gives its items away while reading; the value is the continue token.
struct Page<'a> {
    gvk: &'a Gvk,
    seen: &'a mut u32,
    each: Each<'a>,
}

/// The items of a list.
struct Items<'p, 'a>(&'p mut Page<'a>);

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = String;
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<String, A::Error> {
        let mut more = String::new();
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "items" => map.next_value_seed(Items(&mut self))?,
                "metadata" => more = map.next_value::<super::status::ListMetadata>()?.more,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(more)
    }
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    /// An empty list may be `null`.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let page = self.0;
        while let Some(mut value) = items.next_element::<Value>()? {
            let object =
                value.as_object_mut().ok_or_else(|| A::Error::custom("an item that is no object"))?;
            // In lists of built-in kinds the server leaves out what the list's own kind says.
            object.insert("apiVersion".to_owned(), Value::from(page.gvk.api_version()));
            object.insert("kind".to_owned(), Value::from(page.gvk.kind.clone()));
            *page.seen += 1;
            (page.each)(Live { gvk: page.gvk.clone(), value });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Vec<String>, String), String> {
        let gvk = Gvk::new("apps/v1", "Deployment");
        let mut names = Vec::new();
        let mut place = Place::default();
        let answer = Answer { status: StatusCode::OK, body: body.as_bytes().to_vec() };
        let mut each = |live: Live| names.push(live.key().to_string());
        let result = take(&gvk, "list", &answer, &mut place, &mut each);
        result.map(|_| (names, place.more)).map_err(|error| error.to_string())
    }

    #[test]
    fn items_come_in_any_order_of_fields() {
        let item = r#"{"metadata":{"name":"a","namespace":"b"}}"#;
        let names = vec!["Deployment.apps b/a".to_owned()];
        let first = format!(r#"{{"items":[{item}],"metadata":{{"continue":"t","resourceVersion":"7"}}}}"#);
        assert_eq!(read(&first), Ok((names.clone(), "t".to_owned())));
        let last = format!(r#"{{"kind":"DeploymentList","metadata":{{}},"items":[{item}]}}"#);
        assert_eq!(read(&last), Ok((names, String::new())));
        assert_eq!(read(r#"{"metadata":{},"items":null}"#), Ok((Vec::new(), String::new())));
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for body in ["", "[]", r#"{"items":[1]}"#, r#"{"items":[{}]"#, "{}{}", r#"{"items":"a"}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
