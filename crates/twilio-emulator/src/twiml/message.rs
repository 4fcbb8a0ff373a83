//! TwiML that answers a message: `<Message>`.

use super::{DocumentFault, not_twiml, xml};

/// The texts that a document sends back.
pub fn messages(document: &str) -> Result<Vec<String>, DocumentFault> {
    let root = xml::read(document)?;
    if root.name != "Response" {
        return Err(not_twiml(format!("the root is <{}>, not <Response>", root.name)));
    }
    let text = |element: &xml::Element| match element.name.as_str() {
        "Message" => {
            let body = element.children.iter().find(|child| child.name == "Body").unwrap_or(element);
            Ok(body.text.trim().to_owned())
        }
        other => Err(not_twiml(format!("<{other}> is not emulated for messages"))),
    };
    root.children.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_answers_with_as_many_messages_as_it_says() {
        let both = messages("<Response><Message>one &amp; only</Message><Message><Body>two</Body></Message></Response>");
        assert_eq!(both, Ok(vec!["one & only".to_owned(), "two".to_owned()]));
        assert_eq!(messages("<Response/>"), Ok(vec![]));
        assert_eq!(messages("<Response><Say>no</Say></Response>").unwrap_err().code, 12_200);
        assert_eq!(messages("no").unwrap_err().code, 12_100);
    }
}
