//! Answers in XML, as the JSON that says the same.
//!
//! An element becomes the object of its children, or its text. A name that comes again becomes a
//! list, and so does an element whose children are all called `member` or `item`, as services of
//! Amazon write lists. Attributes are left out. Nothing is expanded but the five entities that XML
//! has and numbers; a document that declares its own is no answer at all.

use serde_json::{Map, Value as Json};

use crate::limits::{HTTP_XML_DEPTH_MAX, HTTP_XML_ELEMENTS_MAX};

/// What the children of a list are called.
const ITEMS: [&str; 2] = ["member", "item"];

/// An element that is not closed yet.
struct Open {
    name: String,
    text: String,
    children: Map<String, Json>,
}

/// Reads a document; none if it is not one that we read.
pub(super) fn read(text: &str) -> Option<Json> {
    let mut open = vec![Open { name: String::new(), text: String::new(), children: Map::new() }];
    let mut rest = text;
    let mut elements = 0;
    while let Some((words, behind)) = rest.split_once('<') {
        open.last_mut()?.text.push_str(&unescaped(words)?);
        if let Some(behind) = behind.strip_prefix("!--") {
            rest = behind.split_once("-->")?.1;
            continue;
        }
        let (tag, behind) = behind.split_once('>')?;
        rest = behind;
        match tag.chars().next()? {
            '?' => {}
            '!' => return None,
            '/' => {
                let name = local(tag.get(1..)?.trim());
                let closed = open.pop().filter(|last| last.name == name)?;
                put(open.last_mut()?, closed);
            }
            _ => {
                let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
                let name = local(tag.split_ascii_whitespace().next()?).to_owned();
                let opened = Open { name, text: String::new(), children: Map::new() };
                elements += 1;
                if elements > HTTP_XML_ELEMENTS_MAX || open.len() > HTTP_XML_DEPTH_MAX {
                    return None;
                }
                if alone {
                    put(open.last_mut()?, opened);
                } else {
                    open.push(opened);
                }
            }
        }
    }
    let [root] = open.as_slice() else { return None };
    (elements > 0 && rest.trim().is_empty()).then(|| Json::Object(root.children.clone()))
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

fn put(parent: &mut Open, child: Open) {
    let name = child.name.clone();
    let value = value(child);
    match parent.children.get_mut(&name) {
        None if ITEMS.contains(&name.as_str()) => {
            parent.children.insert(name, Json::Array(vec![value]));
        }
        None => {
            parent.children.insert(name, value);
        }
        Some(Json::Array(all)) => all.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}

fn value(mut element: Open) -> Json {
    if element.children.is_empty() {
        return element.text.into();
    }
    let list = ITEMS.iter().find(|item| element.children.len() == 1 && element.children.contains_key(**item));
    match list.and_then(|item| element.children.remove(*item)) {
        Some(list) => list,
        None => Json::Object(element.children),
    }
}

/// Text without its entities; none if it has one that is not known.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, behind) = part.split_once(';')?;
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let number = entity.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        plain.push_str(behind);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_of_amazon_becomes_json() {
        let text = "<?xml version='1.0'?><R xmlns=\"x\"><Users><member><Name>a&amp;b</Name><Path>/</Path></member></Users>\
                    <Tags/><Groups><member><G>1</G></member><member><G>2</G></member></Groups></R>\n";
        let groups = json!([{"G": "1"}, {"G": "2"}]);
        let users = json!([{"Name": "a&b", "Path": "/"}]);
        assert_eq!(read(text), Some(json!({"R": {"Users": users, "Tags": "", "Groups": groups}})));
    }

    #[test]
    fn what_is_not_whole_or_declares_entities_is_no_answer() {
        let deep = "<a>".repeat(HTTP_XML_DEPTH_MAX + 2);
        for bad in [
            "",
            "words",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/>x",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<a>&x;</a>",
            &deep,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
