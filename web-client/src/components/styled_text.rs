//! The text of a message as it is meant (XEP-0393), with its links. Never HTML: what a peer
//! writes is text.

use yew::prelude::*;

use super::body_text::{Names, body_text};
use crate::styling::{Block, Span, Style, blocks, spans};

/// So many parts of a text look like something; whatever comes behind them is text, so that
/// nothing that anybody writes takes long to show.
const MOST_PARTS: usize = 100;

/// The text as nodes.
pub(crate) fn styled_text(text: &str, names: &Names) -> Html {
    let mut left = MOST_PARTS;
    all(blocks(text), names, &mut left)
}

/// The text as nodes, of which its marks are none (XEP-0393 6).
pub(crate) fn unstyled_text(text: &str, names: &Names) -> Html {
    body_text(text, names, &mut { MOST_PARTS })
}

fn all(blocks: Vec<Block<'_>>, names: &Names, left: &mut usize) -> Html {
    if let [Block::Plain(lines)] = blocks.as_slice() {
        return plain(lines, names, left);
    }
    blocks
        .into_iter()
        .map(|block| match block {
            // Where a block ends, a line does.
            Block::Plain(lines) => match trimmed(&lines) {
                [] => Html::default(),
                lines => html! { <div dir="auto">{ plain(lines, names, left) }</div> },
            },
            Block::Preformatted(lines) => html! {
                <pre class="styled__block" dir="auto" tabindex="0">{ lines.join("\n") }</pre>
            },
            Block::Quotation(inside) if *left > 0 => {
                *left -= 1;
                html! { <blockquote class="styled__quote">{ all(inside, names, left) }</blockquote> }
            }
            Block::Quotation(inside) => all(inside, names, left),
        })
        .collect()
}

/// Without the empty lines at both ends.
fn trimmed<'a, 'b>(mut lines: &'b [&'a str]) -> &'b [&'a str] {
    while let [first, rest @ ..] = lines
        && first.trim().is_empty()
    {
        lines = rest;
    }
    while let [rest @ .., last] = lines
        && last.trim().is_empty()
    {
        lines = rest;
    }
    lines
}

fn plain(lines: &[&str], names: &Names, left: &mut usize) -> Html {
    let mut nodes = Vec::new();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        match spans(line).as_slice() {
            // Lines without a mark are one text.
            [] | [Span::Plain(_)] => text.push_str(line),
            styled => {
                for span in styled {
                    if matches!(span, Span::Styled(..)) && *left > 0 {
                        nodes.push(body_text(&text, names, left));
                        text.clear();
                        nodes.push(one(span, names, left));
                    } else {
                        span.write(&mut text);
                    }
                }
            }
        }
    }
    nodes.push(body_text(&text, names, left));
    nodes.into_iter().collect()
}

fn one(span: &Span<'_>, names: &Names, left: &mut usize) -> Html {
    let (style, inside) = match span {
        Span::Plain(text) => return body_text(text, names, left),
        Span::Styled(style, inside) if *left > 0 => (*style, inside),
        Span::Styled(..) => {
            let mut text = String::new();
            span.write(&mut text);
            return html! { { text } };
        }
    };
    *left -= 1;
    // Who copies the text has its marks too; who listens to it needs none.
    let mark = html! { <span class="styled__mark" aria-hidden="true">{ style.mark() }</span> };
    let inside: Html = match (style, inside.as_slice()) {
        (Style::Code, [Span::Plain(text)]) => html! { { text } },
        _ => inside.iter().map(|span| one(span, names, left)).collect(),
    };
    let inside = html! { <>{ mark.clone() }{ inside }{ mark }</> };
    match style {
        Style::Strong => html! { <strong>{ inside }</strong> },
        Style::Emphasis => html! { <em>{ inside }</em> },
        Style::Strike => html! { <s>{ inside }</s> },
        Style::Code => html! { <code class="styled__code">{ inside }</code> },
    }
}
