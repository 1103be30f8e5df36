//! XEP-0393 Message Styling 1.1.1: what a text looks like, from marks that are part of it.
//!
//! First blocks, line by line, then spans within a line. Everything takes time in
//! proportion to the text: quotations nest to a depth, and a mark without an end is looked
//! for once.

/// Quotations deeper than this are text.
const DEEPEST: usize = 8;

/// A part of a text that has lines of its own (XEP-0393 5.1).
#[derive(Debug, PartialEq)]
pub(crate) enum Block<'a> {
    /// Lines of spans.
    Plain(Vec<&'a str>),
    /// Lines that mean nothing but themselves.
    Preformatted(Vec<&'a str>),
    /// What somebody else has said.
    Quotation(Vec<Block<'a>>),
}

/// A part of a line (XEP-0393 5.2).
#[derive(Debug, PartialEq)]
pub(crate) enum Span<'a> {
    Plain(&'a str),
    /// What is between two marks.
    Styled(Style, Vec<Span<'a>>),
}

impl Span<'_> {
    /// Writes the text that it was made of.
    pub(crate) fn write(&self, text: &mut String) {
        match self {
            Self::Plain(plain) => text.push_str(plain),
            Self::Styled(style, inside) => {
                text.push_str(style.mark());
                for span in inside {
                    span.write(text);
                }
                text.push_str(style.mark());
            }
        }
    }
}

/// What a mark means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Strong,
    Emphasis,
    Strike,
    Code,
}

const STYLES: [Style; 4] = [Style::Strong, Style::Emphasis, Style::Strike, Style::Code];

impl Style {
    /// The mark before and after it.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Strong => "*",
            Self::Emphasis => "_",
            Self::Strike => "~",
            Self::Code => "`",
        }
    }
}

/// The blocks of a text.
pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    of_lines(text.split('\n').collect(), 0)
}

/// Whether a text looks like anything but itself.
pub(crate) fn is_styled(text: &str) -> bool {
    let styled = |line: &&str| {
        spans(line)
            .iter()
            .any(|span| !matches!(span, Span::Plain(_)))
    };
    blocks(text).iter().any(|block| match block {
        Block::Plain(lines) => lines.iter().any(styled),
        _ => true,
    })
}

fn of_lines(lines: Vec<&str>, depth: usize) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let ends = |line: &&str| line.trim_end() != "```";
            let mut inside = Vec::new();
            while let Some(line) = lines.next_if(ends) {
                inside.push(line);
            }
            lines.next();
            blocks.push(Block::Preformatted(inside));
        } else if line.starts_with('>') && depth < DEEPEST {
            let mut inside = vec![unquoted(line)];
            while let Some(line) = lines.next_if(|line| line.starts_with('>')) {
                inside.push(unquoted(line));
            }
            blocks.push(Block::Quotation(of_lines(inside, depth + 1)));
        } else if let Some(Block::Plain(plain)) = blocks.last_mut() {
            plain.push(line);
        } else {
            blocks.push(Block::Plain(vec![line]));
        }
    }
    blocks
}

/// Without the mark, and the first white space after it.
fn unquoted(line: &str) -> &str {
    let line = line.strip_prefix('>').unwrap_or(line);
    line.strip_prefix(char::is_whitespace).unwrap_or(line)
}

/// The spans of a line. Where they nest, a mark has no second meaning inside of itself, so
/// each line is gone through once for each style at most.
pub(crate) fn spans(line: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    // Of which marks there is none left that could end anything.
    let mut endless = [false; STYLES.len()];
    // `line[done..]` is still to be split, `line[from..]` still to be searched.
    let (mut done, mut from) = (0, 0);
    while let Some(found) = line[from..].find(['*', '_', '~', '`']) {
        let start = from + found;
        from = start + 1;
        let Some(place) = style_at(line, start).filter(|place| !endless[*place]) else {
            continue;
        };
        let style = STYLES[place];
        if !may_begin(line, start) {
            continue;
        }
        let Some(end) = end_of(line, start + 1, style) else {
            endless[place] = true;
            continue;
        };
        if end == start + 1 {
            // There is nothing in between.
            from = end + 1;
            continue;
        }
        if done < start {
            spans.push(Span::Plain(&line[done..start]));
        }
        let inside = &line[start + 1..end];
        let inside = match style {
            Style::Code => vec![Span::Plain(inside)],
            _ => self::spans(inside),
        };
        spans.push(Span::Styled(style, inside));
        (done, from) = (end + 1, end + 1);
    }
    if done < line.len() {
        spans.push(Span::Plain(&line[done..]));
    }
    spans
}

/// Which of the styles has its mark here.
fn style_at(line: &str, place: usize) -> Option<usize> {
    let mark = line.get(place..=place)?;
    STYLES.iter().position(|style| style.mark() == mark)
}

/// At the beginning, or after white space, and not before any.
fn may_begin(line: &str, start: usize) -> bool {
    let before = line[..start].chars().next_back();
    let after = line[start + 1..].chars().next();
    before.is_none_or(char::is_whitespace) && after.is_some_and(|after| !after.is_whitespace())
}

/// The first mark from `from` on that isn't behind white space.
fn end_of(line: &str, from: usize, style: Style) -> Option<usize> {
    let marks = line[from..].match_indices(style.mark());
    let mut ends = marks.map(|(place, _)| from + place);
    ends.find(|end| {
        let before = line[..*end].chars().next_back();
        before.is_some_and(|before| !before.is_whitespace())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With brackets around what is styled.
    fn marked(line: &str) -> String {
        fn write(spans: &[Span<'_>], out: &mut String) {
            for span in spans {
                match span {
                    Span::Plain(text) => out.push_str(text),
                    Span::Styled(style, inside) => {
                        out.push_str(&["[", style.mark()].concat());
                        write(inside, out);
                        out.push(']');
                    }
                }
            }
        }
        let mut out = String::new();
        write(&spans(line), &mut out);
        out
    }

    /// XEP-0393 5.2.
    #[test]
    fn spans_are_those_of_the_examples() {
        for (line, expected) in [
            ("*strong*", "[*strong]"),
            ("plain *strong* plain", "plain [*strong] plain"),
            ("*strong* plain *strong*", "[*strong] plain [*strong]"),
            ("*strong*plain*", "[*strong]plain*"),
            ("* plain *strong*", "* plain [*strong]"),
            ("not strong*", "not strong*"),
            ("*not strong", "*not strong"),
            ("*not *strong", "*not *strong"),
            ("**", "**"),
            ("****", "****"),
            (
                "The full title is _Twelfth Night, or What You Will_ but _most_ people shorten it.",
                "The full title is [_Twelfth Night, or What You Will] but [_most] people shorten it.",
            ),
            ("Everyone ~dis~likes cake.", "Everyone [~dis]likes cake."),
            ("`monospace`", "[`monospace]"),
            ("`*monospace*`", "[`*monospace*]"),
            ("*`monospace and bold`*", "[*[`monospace and bold]]"),
            (
                "_emphasized span containing *strong span*_",
                "[_emphasized span containing [*strong span]]",
            ),
        ] {
            assert_eq!(marked(line), expected);
            let mut written = String::new();
            for span in spans(line) {
                span.write(&mut written);
            }
            assert_eq!(written, line, "nothing is lost");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for line in [
            "",
            "2 * 3 * 4",
            "snake_case_name",
            "https://example.org/~user/_a_",
            "~/x and ~/y",
            "*\u{3000}x*",
            "* x*",
            "ünd*ö*",
            "***",
        ] {
            assert_eq!(marked(line), line);
        }
    }

    /// XEP-0393 5.1.
    #[test]
    fn blocks_are_those_of_the_examples() {
        use Block::{Plain, Preformatted, Quotation};
        let lines =
            blocks("(There are three blocks,)\n(but there is no *formatting)\n(as spans* may)");
        assert!(matches!(&lines[..], [Plain(lines)] if lines.len() == 3));
        assert!(!is_styled("*not \n strong*"));
        assert_eq!(
            blocks("```ignored\n(println \"Hello, world!\")\n```\n\nplain"),
            [
                Preformatted(vec!["(println \"Hello, world!\")"]),
                Plain(vec!["", "plain"])
            ]
        );
        assert_eq!(
            blocks("> ```\n> (println \"Hello, world!\")\n\nplaintext!"),
            [
                Quotation(vec![Preformatted(vec!["(println \"Hello, world!\")"])]),
                Plain(vec!["", "plaintext!"])
            ]
        );
        assert_eq!(
            blocks(">> That that is, is.\n> Said the old hermit of Prague.\n\nWho?"),
            [
                Quotation(vec![
                    Quotation(vec![Plain(vec!["That that is, is."])]),
                    Plain(vec!["Said the old hermit of Prague."])
                ]),
                Plain(vec!["", "Who?"])
            ]
        );
    }

    #[test]
    fn nesting_ends_somewhere() {
        let mut blocks = blocks_of_deep();
        let mut depth = 0;
        while let Some(Block::Quotation(inside)) = blocks.pop() {
            (blocks, depth) = (inside, depth + 1);
        }
        assert_eq!(depth, DEEPEST);
    }

    fn blocks_of_deep() -> Vec<Block<'static>> {
        blocks(Box::leak(">".repeat(10_000).into_boxed_str()))
    }

    /// Ten times the text takes about ten times as long, or this would never end.
    #[test]
    fn hostile_text_takes_no_more_time_than_other() {
        for piece in [
            "*a ", "*a* ", "*_~`", "**", "* ", "_*a", "> *a\n", "```\n", "\u{301}*",
        ] {
            let text = piece.repeat(1_000_000 / piece.len());
            for block in blocks(&text) {
                if let Block::Plain(lines) = block {
                    lines.into_iter().for_each(|line| drop(spans(line)));
                }
            }
        }
    }
}
