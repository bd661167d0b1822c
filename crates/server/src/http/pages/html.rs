//! The form of a page: one frame, one sheet of style, and every word that comes from elsewhere escaped.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("style.css");

/// Nothing is loaded, nothing runs, and forms go nowhere but here.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).ok()
});

/// A page while it is written.
#[derive(Debug)]
pub(super) struct Page {
    title: String,
    signed_in: Option<String>,
    body: String,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Self { title: escaped(title), signed_in: None, body: format!("<h1>{}</h1>", escaped(title)) }
    }

    /// Who looks at it.
    pub(super) fn of(mut self, name: &str) -> Self {
        self.signed_in = Some(escaped(name));
        self
    }

    /// Adds HTML of ours, in which every word from elsewhere is [`escaped`].
    pub(super) fn html(mut self, html: &str) -> Self {
        self.body.push_str(html);
        self
    }

    pub(super) fn line(self, class: &str, words: &str) -> Self {
        let html = format!("<p class=\"{class}\">{}</p>", escaped(words));
        self.html(&html)
    }

    /// A line about what went wrong or well, which is read out at once.
    pub(super) fn alert(self, words: &str) -> Self {
        let html = format!("<p class=\"alert\" role=\"alert\">{}</p>", escaped(words));
        self.html(&html)
    }

    /// Words as they were written; lines that begin with `- ` are a list.
    pub(super) fn words(self, text: &str) -> Self {
        let mut html = String::new();
        let mut in_list = false;
        for line in text.lines() {
            let item = line.strip_prefix("- ");
            if item.is_some() != in_list {
                html.push_str(if in_list { "</ul>" } else { "<ul>" });
                in_list = !in_list;
            }
            // Writing to a string cannot fail.
            let _ = match item {
                Some(item) => write!(html, "<li>{}</li>", escaped(item)),
                None => write!(html, "<p>{}</p>", escaped(line)),
            };
        }
        html.push_str(if in_list { "</ul>" } else { "" });
        self.html(&format!("<section class=\"words\">{html}</section>"))
    }

    pub(super) fn sign_in(self, to: &str, why: Option<&str>) -> Self {
        let told = match why {
            Some(why) => self.alert(why),
            None => self.line("quiet", "Sign in to see what you are asked."),
        };
        told.html(&format!(
            "<form method=\"post\" action=\"{}\"><label for=\"token\">Your token</label>\
             <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\
             <button class=\"first\">Sign in</button></form>",
            escaped(to)
        ))
    }

    pub(super) fn answer(self, status: StatusCode) -> Response {
        let mut head = "<a class=\"home\" href=\"/tasks\">Tenure</a>".to_owned();
        if let Some(name) = &self.signed_in {
            let _ = write!(
                head,
                "<form method=\"post\" action=\"/tasks\"><span>{name}</span> \
                 <button name=\"leave\" value=\"yes\">Sign out</button></form>"
            );
        }
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{} · Tenure</title><style>{STYLE}</style></head>\
             <body><header>{head}</header><main>{}</main></body></html>\n",
            self.title, self.body
        );
        let mut response = (status, page).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // With none at all a browser would not say that a form of ours is ours.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        if let Some(policy) = &*POLICY {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        response
    }
}

/// Words with a capital at their beginning.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Words that stay words, between tags and in quoted attributes.
pub(super) fn escaped(words: &str) -> String {
    let mut html = String::with_capacity(words.len());
    for one in words.chars() {
        match one {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_and_lines_that_belong_together_are_a_list() {
        let page = Page::new("<b>").words("Look.\n- a & b\n- \"c\"\nThen say.\n- </ul><script>");
        assert_eq!(
            page.body,
            "<h1>&lt;b&gt;</h1><section class=\"words\"><p>Look.</p><ul><li>a &amp; b</li><li>&quot;c&quot;</li></ul>\
             <p>Then say.</p><ul><li>&lt;/ul&gt;&lt;script&gt;</li></ul></section>"
        );
    }

    #[test]
    fn the_sheet_of_style_is_the_one_that_may_be_used() {
        let response = Page::new("x").answer(StatusCode::OK);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains(&STANDARD.encode(Sha256::digest(STYLE))) && !policy.contains("unsafe"), "{policy}");
    }
}
