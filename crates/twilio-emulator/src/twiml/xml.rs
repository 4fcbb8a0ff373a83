//! XML as it is read: elements with their attributes, text and children.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::DocumentFault;

fn not_xml(error: impl std::fmt::Display) -> DocumentFault {
    DocumentFault { code: 12100, message: format!("Document parse failure: {error}") }
}

/// An element with everything in it.
#[derive(Debug, Default)]
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// An attribute.
    pub fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// An attribute that is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether an attribute names the method `GET`.
    pub fn is_get(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("get"))
    }
}

/// Reads a document to its root.
pub fn read(xml: &str) -> Result<Element, DocumentFault> {
    let mut reader = Reader::from_str(xml);
    // The outermost is no element of the document; it holds the root.
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(not_xml)? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let element = element(&start)?;
                innermost(&mut open)?.children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop().ok_or_else(|| not_xml("too many ends"))?;
                innermost(&mut open)?.children.push(closed);
            }
            Event::Text(text) => innermost(&mut open)?.text.push_str(&text.decode().map_err(not_xml)?),
            Event::CData(text) => innermost(&mut open)?.text.push_str(&text.decode().map_err(not_xml)?),
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(not_xml)?;
                let text = quick_xml::escape::unescape(&format!("&{name};")).map_err(not_xml)?.into_owned();
                innermost(&mut open)?.text.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let [mut document] = <[Element; 1]>::try_from(open).map_err(|_| not_xml("an element is not closed"))?;
    match document.children.len() {
        1 => Ok(document.children.remove(0)),
        _ => Err(not_xml("there is not one root")),
    }
}

fn innermost(open: &mut [Element]) -> Result<&mut Element, DocumentFault> {
    open.last_mut().ok_or_else(|| not_xml("too many ends"))
}

fn element(start: &BytesStart<'_>) -> Result<Element, DocumentFault> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(not_xml);
    let mut element = Element { name: text(start.name().as_ref())?, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(not_xml)?;
        let raw = text(&attribute.value)?;
        let value = quick_xml::escape::unescape(&raw).map_err(not_xml)?.into_owned();
        element.attributes.push((text(attribute.key.as_ref())?, value));
    }
    Ok(element)
}
