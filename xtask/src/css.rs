//! One style sheet out of many.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};

/// The sheets that others build on, in this order.
const FIRST: [&str; 2] = ["tokens.css", "base.css"];

/// Joins the style sheets in `directory`, but for those further down, without what only their
/// readers need.
pub(crate) fn bundle(directory: &Path) -> Result<String> {
    let entries = fs::read_dir(directory).context("static/css")?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut sheets = paths.collect::<io::Result<Vec<_>>>()?;
    sheets.retain(|sheet| sheet.is_file());
    sheets.sort();
    let rank = |sheet: &Path| {
        FIRST
            .iter()
            .position(|name| sheet.ends_with(name))
            .unwrap_or(FIRST.len())
    };
    sheets.sort_by_key(|sheet| rank(sheet));
    let sheets = sheets
        .iter()
        .map(fs::read_to_string)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(sheets.iter().map(|sheet| minify(sheet)).collect())
}

/// Drops comments, and white space where it means nothing.
///
/// Knows of CSS that white space matters inside strings and `url()`, and may
/// matter between any two other things unless one of them is `{`, `}`, `;` or
/// `,`, or the first is `:` (before which it is a combinator).
pub(crate) fn minify(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    let mut space = false;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            space = true;
            continue;
        }
        if next.is_ascii_whitespace() {
            space = true;
            rest = &rest[1..];
            continue;
        }
        if space
            && !out.is_empty()
            && !out.ends_with(['{', '}', ';', ',', ':'])
            && !matches!(next, '{' | '}' | ';' | ',')
        {
            out.push(' ');
        }
        space = false;
        if next == '}' && out.ends_with(';') {
            out.pop();
        }
        let token = token_length(rest);
        out.push_str(&rest[..token]);
        rest = &rest[token..];
    }
    out
}

/// The bytes at the start of `css` that are copied as they are: a string, an
/// address, or one character.
fn token_length(css: &str) -> usize {
    let first = css.chars().next();
    if let Some(quote @ ('"' | '\'')) = first {
        let mut escaped = false;
        let end = css.char_indices().skip(1).find(|(_, character)| {
            let ends = *character == quote && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        return end.map_or(css.len(), |(at, _)| at + 1);
    }
    if css.starts_with("url(") {
        return css.find(')').map_or(css.len(), |at| at + 1);
    }
    first.map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_nothing_goes() {
        let cases = [
            (
                "a , b {\n  color : red ;\n  margin: 0 auto;\n}\n\nc {}",
                "a,b{color :red;margin:0 auto}c{}",
            ),
            ("/* one */ a :hover { } /* two */ b{}", "a :hover{}b{}"),
            ("a { width: calc(1px + 2px) }", "a{width:calc(1px + 2px)}"),
            (
                r#"a::before { content: "  /* \" */  " }"#,
                r#"a::before{content:"  /* \" */  "}"#,
            ),
            (
                "a { background: url(data:image/svg+xml,<a  b>) }",
                "a{background:url(data:image/svg+xml,<a  b>)}",
            ),
            (
                "@media (width >= 760px) and (hover) { a { x: y; } }",
                "@media (width >= 760px) and (hover){a{x:y}}",
            ),
            ("a{--empty: ;--list: 1 , 2}", "a{--empty:;--list:1,2}"),
        ];
        for (css, expected) in cases {
            assert_eq!(minify(css), expected);
        }
    }

    #[test]
    fn tokens_and_base_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let later = directory.path().join("second");
        fs::create_dir(&later).unwrap();
        fs::write(later.join("dialog.css"), ".dialog {}").unwrap();
        for name in ["avatar", "tokens", "message", "base"] {
            fs::write(
                directory.path().join(name).with_extension("css"),
                format!(".{name} {{ x: y }}"),
            )
            .unwrap();
        }
        let expected = ".tokens{x:y}.base{x:y}.avatar{x:y}.message{x:y}";
        assert_eq!(bundle(directory.path()).unwrap(), expected);
    }
}
