//! What a directory can be asked, and how.

use minidom::Element;
use xmpp_parsers::ns;

use super::{FAMILY, GIVEN, LONGEST, SEARCH};
use crate::foreign::one_line;
use crate::store::{Answer, Field, Kind};
use crate::xep0004;
use crate::xml::build;

/// The field of a service that looks for one text in all it has, as Openfire does.
const ANYWHERE: &str = "search";
/// Fields that may have a name in them, the likeliest first.
const NAMES: [&str; 6] = [FULL_NAME, "nick", GIVEN, FAMILY, "user", "email"];
/// ejabberd's.
const FULL_NAME: &str = "fn";

/// What a service can be asked.
#[derive(Debug)]
pub(super) struct Form {
    /// Of a data form (XEP-0004), what goes back as it came: the kind of the form, and in which
    /// fields Openfire looks. `None` if it isn't one.
    fixed: Option<Answer>,
    /// The fields that a text can go into.
    fields: Vec<String>,
    /// Whether what is only the beginning of a name has to say so.
    pub(super) wildcard: bool,
}

/// What goes into which fields.
pub(super) type Question = Vec<(String, String)>;

impl Form {
    /// XEP-0055 2.1, or 3 where there is a data form. `None` if there is no place for a name.
    pub(super) fn read(query: &Element) -> Option<Self> {
        let form = query.get_child("x", ns::DATA_FORMS);
        let read = form.map(|_| xep0004::read(query).unwrap_or_default());
        let (texts, fixed) = match &read {
            Some(form) => {
                let takes_text = |field: &&Field| field.kind == Kind::TextSingle;
                let texts = form.fields.iter().filter(takes_text);
                let texts = texts.map(|field| field.var.as_str()).collect::<Vec<_>>();
                let mut fixed = form.answer();
                fixed.retain(|(var, values)| !values.is_empty() && !texts.contains(&var.as_str()));
                (texts, Some(fixed))
            }
            None => (query.children().map(Element::name).collect(), None),
        };
        let fields = match texts.contains(&ANYWHERE) {
            true => vec![ANYWHERE],
            false => NAMES
                .into_iter()
                .filter(|name| texts.contains(name))
                .collect(),
        };
        // A form may have fields of its own.
        let first = texts
            .first()
            .filter(|_| fields.is_empty() && form.is_some());
        let fields: Vec<_> = fields
            .into_iter()
            .chain(first.copied())
            .map(str::to_owned)
            .collect();
        let instructions = form.unwrap_or(query).children();
        let mut instructions = instructions.filter(|child| child.name() == "instructions");
        (!fields.is_empty()).then(|| Self {
            fixed,
            fields,
            // What says nothing of it is ejabberd, which nobody else's field tells.
            wildcard: texts.contains(&FULL_NAME)
                || instructions.any(|instructions| instructions.text().contains('*')),
        })
    }

    /// What to ask for people of whom `text` is a name, the `whole` one or the beginning.
    pub(super) fn questions(&self, text: &str, whole: bool) -> Vec<Question> {
        let text = one_line(text, LONGEST).unwrap_or_default();
        let begins = |name: &str| match self.wildcard && !whole && !name.ends_with('*') {
            true => [name, "*"].concat(),
            false => name.to_owned(),
        };
        let all = self
            .fields
            .iter()
            .map(|field| (field.clone(), begins(&text)));
        let all: Question = all.collect();
        let has = |name: &str| self.fields.iter().any(|field| field == name);
        let both = text.split_once(' ').filter(|_| has(GIVEN) && has(FAMILY));
        let both = both.map(|(given, family)| [(GIVEN, given), (FAMILY, family)]);
        let both = both.map(|both| both.map(|(field, name)| (field.to_owned(), begins(name))));
        match self.fixed {
            Some(_) => {
                let each = all.into_iter().map(|one| vec![one]);
                each.chain(both.map(Vec::from)).collect()
            }
            None => {
                let rest = all
                    .iter()
                    .filter(|(name, _)| name != GIVEN && name != FAMILY);
                let both = both.map(|both| rest.cloned().chain(both).collect());
                [all.clone()].into_iter().chain(both).collect()
            }
        }
    }

    pub(super) fn filled(&self, question: &Question) -> Element {
        let query = build("query", SEARCH);
        match &self.fixed {
            Some(fixed) => {
                let texts = question.iter().cloned();
                let texts = texts.map(|(var, text)| (var, vec![text]));
                let answer = fixed.iter().cloned().chain(texts).collect();
                query.child(xep0004::submit(&answer)).done()
            }
            None => {
                let fields = question.iter();
                let fields = fields.map(|(name, text)| build(name, SEARCH).text(text).done());
                query.children(fields).done()
            }
        }
    }
}
